"""Whether the model is still right."""

from app.observability.alerts.alert import Condition, ticket
from app.observability.promql import Promql
from deployments.metrics.catalogue import drift, quality, requests

_NOW = Promql("5m")
_OF = ("model", "version")
_WEEK = {"segment": "all", "window": "week"}
_AUC = {"measure": "auc"}
# A job that tells them once a night is late now and then; what it is to tell of is a day old. A
# counter that nothing was ever counted by is not there; where outcomes are joined, that is 0.
_TOLD = (
    f"{Promql('30h').happened(quality.FEEDBACK, result='kept')} or "
    f"{_NOW.total(quality.LABELLED)} * 0"
)
_ASKED = f"{Promql('1d').increase(requests.ROWS, ago='1d')} or {_NOW.total(requests.ROWS)} * 0"

ALERTS = [
    ticket(
        "Drift",
        "15m",
        Condition(_NOW.maximum(drift.DRIFTING, (*_OF, "feature")), ">", 0),
        summary="{{ $labels.feature }} is not as {{ $labels.model }} was trained",
        description="Its shift is larger than chance at this size of the window, and than what "
        "the config tolerates.",
    ),
    ticket(
        "Skew",
        "15m",
        Condition(_NOW.maximum(drift.SKEWED, ("view",)), ">", 0),
        summary="{{ $labels.view }} is served other values than training would have",
        description="What was served is not what the offline store gives for the same moments.",
    ),
    ticket(
        "QualityLower",
        "1h",
        Condition(
            f"{_NOW.maximum(quality.TRAINED, _OF, **_AUC)} - "
            f"{_NOW.maximum(quality.UPPER, _OF, **_AUC, **_WEEK)}",
            ">",
            0,
        ),
        summary="{{ $labels.model }} {{ $labels.version }} ranks worse than in training",
        description="Even the upper end of the week's interval of AUC is {{ $value | humanize }} "
        "below what training found.",
    ),
    ticket(
        "FeedbackAbsent",
        "1h",
        Condition(_TOLD, "<", 1),
        Condition(_ASKED, ">", 100),
        summary="No outcome has come for more than a day",
        description="Predictions were asked for the day before, and nobody tells what became of "
        "them: quality is not known.",
    ),
    ticket(
        "LabelsFew",
        "6h",
        Condition(_NOW.maximum(quality.LABELLED, ("model",), **_WEEK), "<", 0.2),
        Condition(_NOW.maximum(quality.PREDICTIONS, ("model",), **_WEEK), ">", 1000),
        summary="The outcome is known of {{ $value | humanizePercentage }} of predictions",
        description="Of those of the last week of {{ $labels.model }}: its figures are of early "
        "outcomes, which are not like the others.",
    ),
]
