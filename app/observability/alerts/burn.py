"""How fast what may fail is used up: windows and factors of
https://sre.google/workbook/alerting-on-slos, for a promise over 30 days."""

from app.observability.alerts.alert import Alert, Condition, page, ticket
from app.observability.slo import FAST_S, OBJECTIVES, Objective

_FAST, _MEDIUM, _SLOW = ("1h", "5m", 14.4), ("6h", "30m", 6.0), ("3d", "6h", 1.0)
"""A long window, which says that it matters, a short one, which says that it goes on, and how many
times faster than allowed: two hundredths of 30 days' budget in an hour, a twentieth in six, a tenth
in three days."""

_BROKEN = {
    "Availability": "failed for a reason of ours",
    "Latency": f"took longer than {FAST_S:g} s",
}


def _conditions(objective: Objective, long: str, short: str, factor: float) -> list[Condition]:
    return [
        Condition(objective.recorded(window), ">", round(factor * objective.budget, 6))
        for window in (long, short)
    ]


def _told(objective: Objective, long: str, factor: float) -> dict[str, str]:
    return {
        "summary": f"{objective.title} of {{{{ $labels.model }}}}: the budget is used {factor:g} "
        f"times too fast",
        "description": "{{ $value | humanizePercentage }} of requests "
        f"{_BROKEN[objective.title]} in the last {long}; {objective.budget:.2%} may.",
    }


def _of(objective: Objective) -> list[Alert]:
    return [
        make(
            f"{objective.title}Burn{speed}",
            lasts,
            *_conditions(objective, *windows),
            **_told(objective, windows[0], windows[2]),
        )
        for make, speed, lasts, windows in (
            (page, "Fast", "1m", _FAST),
            (page, "Medium", "5m", _MEDIUM),
            (ticket, "Slow", "1h", _SLOW),
        )
    ]


ALERTS = [alert for objective in OBJECTIVES for alert in _of(objective)]
