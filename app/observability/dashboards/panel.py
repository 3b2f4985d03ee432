"""How a dashboard is declared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

WIDTH = 24
"""Columns of Grafana's grid."""

Thresholds = Sequence[tuple[float | None, str]]
"""From which value on which colour; None is from the start."""

GOOD, WARN, BAD = "green", "orange", "red"


class Draws(Enum):
    """What a panel draws, by Grafana's names."""

    SERIES = "timeseries"
    STAT = "stat"
    GAUGE = "gauge"
    BARS = "bargauge"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """``legend`` names the series by their labels, ``{{label}}``; in a table it is the column."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """``description`` says what to look at; ``unit`` is one of Grafana's. ``log`` has the axis
    logarithmic. ``says`` puts words in the place of values, ``nothing`` where there is none."""

    title: str
    description: str
    queries: Sequence[Query]
    draws: Draws = Draws.SERIES
    unit: str = "short"
    width: int = 8
    height: int = 8
    thresholds: Thresholds = ()
    stacked: bool = False
    log: bool = False
    least: float | None = None
    most: float | None = None
    decimals: int | None = None
    says: Sequence[tuple[float, str, str]] = ()
    nothing: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """``variables`` are those that it has of model and version."""

    name: str
    title: str
    description: str
    rows: Sequence[Row]

    @property
    def uid(self) -> str:
        """What links to it have."""
        return f"windsock-{self.name}"

    @property
    def panels(self) -> Iterator[Panel]:
        """All of them."""
        for row in self.rows:
            yield from row.panels


def stat(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str = "short",
    legend: str = "",
    thresholds: Thresholds = (),
    says: Sequence[tuple[float, str, str]] = (),
    decimals: int | None = None,
    width: int = 4,
) -> Panel:
    """One number, with its course behind it."""
    return Panel(
        title=title, description=description, queries=[Query(expr, legend)], draws=Draws.STAT,
        unit=unit, width=width, height=4, thresholds=thresholds, says=says, decimals=decimals,
    )  # fmt: skip


def below(warn: float, bad: float) -> Thresholds:
    """Good below ``warn``, bad from ``bad`` on."""
    return ((None, GOOD), (warn, WARN), (bad, BAD))


def above(warn: float, good: float) -> Thresholds:
    """Bad below ``warn``, good from ``good`` on."""
    return ((None, BAD), (warn, WARN), (good, GOOD))
