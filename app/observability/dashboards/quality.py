"""Whether predictions came true."""

from app.observability.dashboards.panel import (
    WARN,
    Dashboard,
    Draws,
    Panel,
    Query,
    Row,
    above,
    stat,
)
from app.observability.dashboards.queries import ALL, NOW
from deployments.metrics.catalogue import quality

_OF = ("model", "version")
_WEEK = {"segment": "all", "window": "week"}


def _week(measure: str) -> str:
    return NOW.maximum(quality.MEASURED, measure=measure, **_WEEK)


def _course(measure: str, unit: str, description: str) -> Panel:
    """A measure by version with its interval, and what it was in training."""
    by = ("version",)
    name = "AUC" if measure == "auc" else measure.replace("_", " ").capitalize()
    return Panel(
        title=f"{name} by version",
        description=description,
        queries=[
            Query(NOW.maximum(quality.MEASURED, by, measure=measure, **_WEEK), "{{version}}"),
            Query(NOW.maximum(quality.LOWER, by, measure=measure, **_WEEK), "{{version}} lower"),
            Query(NOW.maximum(quality.UPPER, by, measure=measure, **_WEEK), "{{version}} upper"),
            Query(NOW.maximum(quality.TRAINED, by, measure=measure), "{{version}} in training"),
        ],
        unit=unit,
        decimals=3,
    )


_NUMBERS = Row(
    "The last week of predictions",
    [
        stat(
            "AUC",
            "Of predictions whose outcome is known; 1 ranks perfectly, 0.5 by chance.",
            _week("auc"),
            decimals=3,
        ),
        stat(
            "AUC against training",
            "Of the version that lost most. Below 0 by more than the interval is wide: the alert "
            "WindsockQualityLower.",
            f"min ({NOW.maximum(quality.MEASURED, _OF, measure='auc', **_WEEK)} - "
            f"{NOW.maximum(quality.TRAINED, _OF, measure='auc')})",
            decimals=3,
            thresholds=above(-0.05, -0.02),
        ),
        stat(
            "Brier score",
            "Mean squared error of the scores: lower is better.",
            _week("brier"),
            decimals=3,
        ),
        stat(
            "Calibration error",
            "How far scores are from how often it came true.",
            _week("calibration_error"),
            decimals=3,
        ),
        stat(
            "Outcome known",
            "Share of the week's predictions. Early outcomes are not random: wait for more.",
            NOW.maximum(quality.LABELLED, **_WEEK),
            unit="percentunit",
            decimals=1,
            thresholds=above(0.2, 0.5),
        ),
        stat(
            "Predictions",
            "That these figures are over.",
            NOW.total(quality.PREDICTIONS, **_WEEK),
        ),
    ],
)

_COURSES = Row(
    "By version, with 95 % intervals",
    [
        _course("auc", "short", "The upper end below training is a model that got worse."),
        _course("average_precision", "short", "Moves with the share of positives, too."),
        _course("brier", "short", "Lower is better."),
        _course("calibration_error", "short", "Rising while AUC stays: recalibrate."),
        Panel(
            title="Mean score and how often it came true",
            description="Apart from each other: the world has changed, or outcomes are not in yet.",
            queries=[
                Query(
                    NOW.maximum(
                        quality.MEASURED,
                        ("version", "measure"),
                        measure=("mean_score", "positive_ratio"),
                        **_WEEK,
                    ),
                    "{{version}} {{measure}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            title="Precision and recall",
            description="At the threshold of the config.",
            queries=[
                Query(
                    NOW.maximum(
                        quality.MEASURED,
                        ("version", "measure"),
                        measure=("precision", "recall"),
                        **_WEEK,
                    ),
                    "{{version}} {{measure}}",
                )
            ],
            unit="percentunit",
        ),
    ],
)

_SEGMENTS = Row(
    "By segment",
    [
        Panel(
            title="AUC by segment",
            description="One segment alone: its features, or its world.",
            queries=[
                Query(
                    NOW.maximum(quality.MEASURED, ("segment",), measure="auc", window="week"),
                    "{{segment}}",
                )
            ],
            draws=Draws.BARS,
            width=12,
            height=10,
            least=0,
            most=1,
            decimals=3,
            thresholds=above(0.6, 0.7),
        ),
        Panel(
            title="Segments",
            description="How sure each figure is depends on how many predictions it is over.",
            queries=[
                Query(NOW.total(quality.PREDICTIONS, ("segment",), window="week"), "predictions"),
                Query(NOW.maximum(quality.LABELLED, ("segment",), window="week"), "known"),
                Query(
                    NOW.maximum(quality.LOWER, ("segment",), measure="auc", window="week"),
                    "AUC, lower",
                ),
                Query(
                    NOW.maximum(quality.UPPER, ("segment",), measure="auc", window="week"),
                    "AUC, upper",
                ),
            ],
            draws=Draws.TABLE,
            width=12,
            height=10,
        ),
    ],
)

_OUTCOMES = Row(
    "Outcomes",
    [
        Panel(
            title="Outcomes by what became of them",
            description="All that are known. Waiting that grows: ids that no prediction has.",
            queries=[Query(NOW.total(quality.OUTCOMES, ("result",)), "{{result}}")],
            draws=Draws.BARS,
        ),
        Panel(
            title="Feedback",
            description="Outcomes that clients sent, a second.",
            queries=[Query(ALL.rate(quality.FEEDBACK, ("result",)), "{{result}}")],
            unit="cps",
        ),
        Panel(
            title="Outcome known, by days of prediction",
            description="The share rises as outcomes arrive.",
            queries=[
                Query(
                    NOW.maximum(quality.LABELLED, ("version", "window"), segment="all"),
                    "{{version}} {{window}}",
                )
            ],
            unit="percentunit",
            least=0,
            most=1,
            thresholds=((None, "transparent"), (0.2, WARN)),
        ),
        Panel(
            title="Business figures",
            description="Sums of fields that outcomes bring, as the config names them.",
            queries=[
                Query(
                    NOW.maximum(quality.BUSINESS, ("version", "field", "window")),
                    "{{field}} {{version}} {{window}}",
                )
            ],
            width=24,
        ),
    ],
)

QUALITY = Dashboard(
    name="quality",
    title="Windsock: model quality",
    description="Whether predictions came true, by version and segment.",
    rows=[_NUMBERS, _COURSES, _SEGMENTS, _OUTCOMES],
)
