"""What is promised to clients, how far it is kept, and how fast what may fail is used up: after
https://sre.google/workbook/alerting-on-slos."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.observability.promql import Promql
from app.serving.errors import ErrorCode
from deployments.metrics.catalogue import requests

AVAILABLE = 0.999
"""The share of requests that do not fail for a reason of ours."""
FAST = 0.99
"""The share of requests that are answered within ``FAST_S``."""
FAST_S = 0.1

FAILURES = tuple(
    sorted(
        code.code
        for code in ErrorCode
        if code.status >= 500 or code in (ErrorCode.OVERLOADED, ErrorCode.TIMED_OUT)
    )
)
"""Codes of requests that failed for a reason of ours: all 5xx, what was too much for us, and what
we were too slow for."""

WINDOWS = ("5m", "30m", "1h", "6h", "3d")
_NO_PROBES = {"protocol": "!health"}


@dataclass(frozen=True, slots=True)
class Objective:
    """``name`` is that of its recording rules, ``budget`` the share that may break the promise,
    ``breaking`` the expression of the share that does, by model."""

    name: str
    title: str
    budget: float
    breaking: Callable[[Promql], str]

    def recorded(self, window: str) -> str:
        """The name of the rule that records that share over this window."""
        return f"windsock:{self.name}:ratio_rate{window}"

    def burning(self, window: str, matching: str = "") -> str:
        """How many times faster than allowed the budget was used within this window."""
        return f"{self.recorded(window)}{matching} / {self.budget:g}"


def _failed(rates: Promql) -> str:
    return rates.share(requests.REQUESTS, ("model",), among=_NO_PROBES, code=FAILURES)


def _slow(rates: Promql) -> str:
    return rates.beyond(FAST_S, requests.DURATION, ("model",), **_NO_PROBES)


AVAILABILITY = Objective("failed_requests", "Availability", round(1 - AVAILABLE, 6), _failed)
LATENCY = Objective("slow_requests", "Latency", round(1 - FAST, 6), _slow)
OBJECTIVES = (AVAILABILITY, LATENCY)


def recordings() -> Iterator[tuple[str, str]]:
    """Each recording rule: its name and its expression."""
    for objective in OBJECTIVES:
        for window in WINDOWS:
            yield objective.recorded(window), objective.breaking(Promql(window))
