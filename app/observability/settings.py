"""What of the graph is looked at; what is None is off and costs nothing."""

from pathlib import Path

from app.folder import FilePath
from app.observability.cost.settings import CostSettings
from app.observability.request_log.settings import RequestLogSettings
from app.observability.traces.settings import TracesSettings
from deployments.strict import StrictModel


class ObservabilitySettings(StrictModel, validate_default=True):
    """Each part says itself what it takes."""

    traces: TracesSettings | None = None
    """Spans of some requests, sent to a collector of OpenTelemetry."""
    request_log: RequestLogSettings | None = None
    """A line for each request that is sampled or fails."""
    cost: CostSettings | None = None
    """What the graph costs, from the prices of its resources; None counts no cost."""
    directory: FilePath = Path(".windsock/observability")
    """Where what is worked out aside is kept, once for all replicas of a node."""

    @property
    def aside(self) -> bool:
        """Whether there is anything to work out aside."""
        return False
