"""What of the graph is looked at; what is None is off and costs nothing."""

from deployments.strict import StrictModel


class ObservabilitySettings(StrictModel, validate_default=True):
    """Each part says itself what it takes."""
