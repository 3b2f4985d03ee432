"""What of the graph is looked at; what is None is off and costs nothing."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from app.folder import FilePath
from app.observability.cost.settings import CostSettings
from app.observability.drift.settings import DriftSettings
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.settings import PredictionsSettings
from app.observability.replay.settings import ReplaySettings
from app.observability.request_log.settings import RequestLogSettings
from app.observability.served_log.settings import ServedLogSettings
from app.observability.skew.settings import SkewSettings
from app.observability.traces.settings import TracesSettings
from deployments.strict import StrictModel


def _switched(given: Any) -> Any:
    return {"auto": {}, "off": False}.get(given, given) if isinstance(given, str) else given


_AUTO: Any = "auto"


class ObservabilitySettings(StrictModel, validate_default=True):
    """Each part says itself what it takes."""

    predictions: PredictionsSettings | None = None
    """What is kept of predictions, for their outcomes."""
    feedback: FeedbackSettings | None = None
    """Where clients tell outcomes, which are joined with predictions."""
    drift: DriftSettings | None = None
    """Whether served rows are distributed as those of training were."""
    skew: SkewSettings | None = None
    """Whether what is served is what training would have seen: a sample of rows is joined again
    offline. None samples nothing."""
    served_log: Annotated[ServedLogSettings | Literal[False], BeforeValidator(_switched)] = _AUTO
    """What becomes of the ``LoggingConfig`` of a feature service: ``auto`` honours it, ``off`` does
    not. Without one nothing is logged."""
    traces: TracesSettings | None = None
    """Spans of some requests, sent to a collector of OpenTelemetry."""
    request_log: RequestLogSettings | None = None
    """A line for each request that is sampled or fails."""
    cost: CostSettings | None = None
    """What the graph costs, from the prices of its resources; None counts no cost."""
    replay: ReplaySettings | None = None
    """What `windsock replay` plays; None has the clock follow nobody."""
    directory: FilePath = Path(".windsock/observability")
    """Where what is worked out aside is kept, once for all replicas of a node."""

    @property
    def aside(self) -> bool:
        """Whether there is anything to work out aside."""
        logged = self.served_log and self.served_log.rates
        return bool(self.feedback or self.drift or self.skew or logged)

    @property
    def followed(self) -> Path | None:
        """The file that a replayed clock follows."""
        return self.replay.clock if self.replay else None

    @model_validator(mode="after")
    def _something_to_join(self) -> Self:
        if self.feedback and not self.predictions:
            raise ValueError("feedback is joined with predictions: name `predictions`, too")
        return self
