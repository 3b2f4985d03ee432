"""How far a command is: a line that moves where a person watches, plain lines where nobody does."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Steps:
    """What is under way, and for how long."""

    def __init__(self, console: Console, line: Progress) -> None:
        self._console = console
        self._line = line
        self._task = line.add_task("")
        self._begun = monotonic()
        self._step = ""

    @property
    def elapsed_s(self) -> float:
        return monotonic() - self._begun

    def show(self, step: str) -> None:
        """Say what is being done now."""
        self._line.update(self._task, description=escape(step))
        if self._line.disable and step != self._step:
            self._console.print(f"{self.elapsed_s:5.1f} s  {step}", markup=False)
        self._step = step


@contextmanager
def steps(console: Console, *, live: bool = True) -> Iterator[Steps]:
    """Within the block, steps are shown: on a line that goes when they are over where ``console``
    is a terminal and ``live``, else on a line each, with the seconds since the first."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    disable = not (live and console.is_interactive)
    with Progress(*columns, console=console, transient=True, disable=disable) as line:
        yield Steps(console, line)
