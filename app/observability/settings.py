"""What of the graph is looked at; what is None is off and costs nothing."""

from pathlib import Path

from app.folder import FilePath
from deployments.strict import StrictModel


class ObservabilitySettings(StrictModel, validate_default=True):
    """Each part says itself what it takes."""

    directory: FilePath = Path(".windsock/observability")
    """Where what is worked out aside is kept, once for all replicas of a node."""

    @property
    def aside(self) -> bool:
        """Whether there is anything to work out aside."""
        return False
