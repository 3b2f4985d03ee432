"""Tables that a terminal and a Markdown page both can show."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table as RichTable

from benchmarks.samples import Figure, Sample, Spread, doors, levels, spread


@dataclass(frozen=True)
class Table:
    """A title, the names of its columns, and rows of text; the first column is the label, the
    others are numbers or ``prose``."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    prose: bool = False

    def rich(self) -> RichTable:
        """Without the title, which rich would fold to the width of the table."""
        table = RichTable(box=box.SIMPLE_HEAD)
        for place, name in enumerate(self.columns):
            table.add_column(
                name, justify="right" if place and not self.prose else "left", overflow="fold"
            )
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        lines = [
            f"### {self.title}\n",
            _line(self.columns),
            _line(["---"] + ["---" if self.prose else "---:"] * (len(self.columns) - 1)),
            *(_line(row) for row in self.rows),
        ]
        return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def grid(
    title: str,
    samples: Sequence[Sample],
    figure: Figure,
    *,
    digits: int | None = None,
    columns: Sequence[str] | None = None,
    corner: str = "",
) -> Table:
    """One figure, median (range), by door and by level: all levels, or those in ``columns``."""
    shown_levels = levels(samples) if columns is None else columns
    rows = [
        [door, *(shown(spread(samples, door, level, figure), digits) for level in shown_levels)]
        for door in doors(samples)
    ]
    return Table(title, [corner, *shown_levels], rows)


def number(value: float | None, digits: int | None = None) -> str:
    """With so many digits after the point, or as many as its size deserves."""
    if value is None:
        return "-"
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def shown(spread: Spread | None, digits: int | None = None) -> str:
    """A median, and the range around it where there is one."""
    if spread is None:
        return "-"
    middle, low, high = (number(x, digits) for x in (spread.median, spread.low, spread.high))
    return middle if low == high else f"{middle} ({low}-{high})"
