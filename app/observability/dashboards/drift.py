"""Whether what is served is still what the model was trained on."""

from app.observability.dashboards.panel import (
    WARN,
    Dashboard,
    Draws,
    Panel,
    Query,
    Row,
    below,
    stat,
)
from app.observability.dashboards.queries import ALL, NOW
from app.observability.promql import ratio
from deployments.metrics.catalogue import drift
from deployments.metrics.metric import Metric

_FEATURE = ("feature",)


def _by(bound: Metric, measure: Metric) -> str:
    return ratio(*(NOW.maximum(one, _FEATURE) for one in (measure, bound)))


def _how_many(alarms: str, there: str) -> str:
    """How many alarms there are, whatever nodes and versions tell them; 0 where something is looked
    at and none is."""
    return f"count({alarms} > 0) or {there} * 0"


_NUMBERS = Row(
    "Now",
    [
        stat(
            "Features that drift",
            "Whose shift is larger than chance and than what the config tolerates.",
            _how_many(NOW.maximum(drift.DRIFTING, _FEATURE), NOW.maximum(drift.DRIFT_ROWS)),
            thresholds=below(1, 3),
        ),
        stat(
            "Largest shift",
            "PSI of the feature that is nearest to its bound, by that bound: above 1 it drifts.",
            f"max({_by(drift.PSI_BOUND, drift.PSI)})",
            decimals=2,
            thresholds=below(0.75, 1),
        ),
        stat("Rows in the window", "Fewer rows, larger chance.", NOW.maximum(drift.DRIFT_ROWS)),
        stat(
            "Views that are skewed",
            "Whose served values are not what the offline store gives for that moment.",
            _how_many(ALL.maximum(drift.SKEWED, ("view",)), ALL.maximum(drift.SKEWED)),
            thresholds=below(1, 1),
        ),
        stat(
            "Largest skew",
            "Share of rows that differ, of the worst feature.",
            ALL.maximum(drift.SKEW),
            unit="percentunit",
            decimals=2,
            thresholds=below(0.01, 0.05),
        ),
        stat(
            "Rows sketched",
            "That drift is measured on, a second.",
            NOW.rate(drift.SKETCHED),
            unit="rowsps",
        ),
    ],
)

_SHIFTS = Row(
    "Drift against training",
    [
        Panel(
            title="PSI by feature",
            description="From the top: what moved most. Weather moves more from day to day than "
            "what an aircraft is: what matters is the bound of each, beside it.",
            queries=[Query(f"sort_desc({NOW.maximum(drift.PSI, _FEATURE)})", "{{feature}}")],
            draws=Draws.BARS,
            width=12,
            height=12,
            least=0,
            decimals=3,
        ),
        Panel(
            title="PSI by what raises an alarm",
            description="Above 1 it drifts: more than chance, than the config tolerates, and than "
            "twice what training's own days did.",
            queries=[Query(_by(drift.PSI_BOUND, drift.PSI), "{{feature}}")],
            width=12,
            height=12,
            log=True,
            thresholds=((None, "transparent"), (1, WARN)),
        ),
        Panel(
            title="PSI by what chance makes",
            description="Above 1 is beyond chance at this size of the window (99 of 100 windows "
            "without a shift are below), which alone is no alarm.",
            queries=[Query(_by(drift.PSI_CHANCE, drift.PSI), "{{feature}}")],
            width=6,
            log=True,
            thresholds=((None, "transparent"), (1, WARN)),
        ),
        Panel(
            title="Jensen-Shannon by what chance makes",
            description="The same by another distance, which tails move less.",
            queries=[Query(_by(drift.JS_CHANCE, drift.JS), "{{feature}}")],
            width=6,
            log=True,
            thresholds=((None, "transparent"), (1, WARN)),
        ),
        Panel(
            title="Categories: chi-square by its critical value",
            description="Above 1 is beyond chance.",
            queries=[Query(NOW.maximum(drift.CHI2, _FEATURE), "{{feature}}")],
            width=6,
            log=True,
            thresholds=((None, "transparent"), (1, WARN)),
        ),
        Panel(
            title="Alarms",
            description="1 while a feature drifts.",
            queries=[Query(NOW.maximum(drift.DRIFTING, _FEATURE), "{{feature}}")],
            width=6,
            least=0,
            most=1,
        ),
    ],
)

_SKEW = Row(
    "Skew between serving and training",
    [
        Panel(
            title="Rows that differ, by feature",
            description="Of the served rows that were joined again offline. A whole view at once: "
            "its online store was written late, or by other code.",
            queries=[Query(ALL.maximum(drift.SKEW, ("view", "feature")), "{{view}} {{feature}}")],
            unit="percentunit",
            least=0,
        ),
        Panel(
            title="Rows compared",
            description="Of the last window, by view.",
            queries=[
                Query(ALL.maximum(drift.SKEW_ROWS, ("view",)), "{{view}}"),
                Query(ALL.maximum(drift.SKEWED, ("view",)), "{{view}} alarm"),
            ],
        ),
        Panel(
            title="Rows logged for Feast",
            description="Dropped: the destination of the feature service's LoggingConfig does not "
            "keep up.",
            queries=[Query(ALL.rate(drift.SERVED, ("outcome",)), "{{outcome}}")],
            unit="rowsps",
            nothing="No service asks for logs",
        ),
    ],
)

DRIFT = Dashboard(
    name="drift",
    title="Windsock: drift and skew",
    description="Whether what is served is still what the model was trained on.",
    rows=[_NUMBERS, _SHIFTS, _SKEW],
)
