"""Limits that figures are held to."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.tables import Table, number


@dataclass(frozen=True)
class Bar:
    """One figure and its limit, the most that it may be unless ``at_least``; ``value`` is None
    where the run did not measure it."""

    what: str
    limit: float
    value: float | None
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def bar_table(bars: Iterable[Bar]) -> Table:
    """Each bar beside what was measured; those that were not are left out."""
    rows = [
        [
            bar.what,
            f"{'>=' if bar.at_least else '<='} {bar.limit:,g}",
            number(bar.value),
            "reached" if bar.reached else "not reached",
        ]
        for bar in bars
        if bar.value is not None
    ]
    return Table("Bars that this run can judge", ("", "bar", "here", ""), rows)
