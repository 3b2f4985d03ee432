"""What a scenario measured, beside the bar that it is held to."""

import json
from pathlib import Path

from rich.console import Console

from benchmarks.tables import Table, number

Figure = float | int | str

_console = Console(width=110)


class Figures:
    """The figures of one scenario, in the order in which they were found."""

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario
        self._found: list[tuple[str, Figure, str]] = []

    def add(self, name: str, figure: Figure, bar: str = "") -> None:
        """``bar`` says in words what it should be, if anything."""
        self._found.append((name, figure, bar))

    def show(self) -> None:
        """Print them as a table."""
        rows = [(name, _shown(figure), bar) for name, figure, bar in self._found]
        table = Table(self.scenario, ("figure", "measured", "bar"), rows, prose=True)
        _console.print(f"\n{self.scenario}", style="bold", markup=False)
        _console.print(table.rich())

    def add_to(self, path: Path) -> None:
        """Append them as one line of JSON."""
        found = {name: figure for name, figure, _ in self._found}
        with path.open("a") as file:
            file.write(f"{json.dumps({'scenario': self.scenario, 'figures': found})}\n")


def _shown(figure: Figure) -> str:
    if isinstance(figure, float):
        return number(figure)
    return f"{figure:,}" if isinstance(figure, int) else figure
