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
from app.observability.dashboards.queries import ALL, NOW, proportion
from deployments.metrics.catalogue import drift

_FEATURE = ("feature",)


def _bounded(title: str, description: str, expr: str, *, width: int = 6, height: int = 8) -> Panel:
    """Each feature by a bound of its own, which is at 1."""
    return Panel(
        title=title, description=description, queries=[Query(expr, "{{feature}}")], width=width,
        height=height, log=True, thresholds=((None, "transparent"), (1, WARN)),
    )  # fmt: skip


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
            f"max({proportion(drift.PSI, drift.PSI_BOUND, _FEATURE)})",
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
            description="From the top: what moved most. Some move from day to day by themselves: "
            "what matters is the bound of each, beside it.",
            queries=[Query(f"sort_desc({NOW.maximum(drift.PSI, _FEATURE)})", "{{feature}}")],
            draws=Draws.BARS,
            width=12,
            height=12,
            least=0,
            decimals=3,
        ),
        _bounded(
            "PSI by what raises an alarm",
            "Above 1 it drifts: more than chance, than the config tolerates, and than "
            "twice what training's own days did.",
            proportion(drift.PSI, drift.PSI_BOUND, _FEATURE),
            width=12,
            height=12,
        ),
        _bounded(
            "PSI by what chance makes",
            "Above 1 is beyond chance at this size of the window (99 of 100 windows "
            "without a shift are below), which alone is no alarm.",
            proportion(drift.PSI, drift.PSI_CHANCE, _FEATURE),
        ),
        _bounded(
            "Jensen-Shannon by what chance makes",
            "The same by another distance, which tails move less.",
            proportion(drift.JS, drift.JS_CHANCE, _FEATURE),
        ),
        _bounded(
            "Categories: chi-square by its critical value",
            "Above 1 is beyond chance.",
            NOW.maximum(drift.CHI2, _FEATURE),
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
