"""Progress of the steps that take long: a bar where a person watches, lines where nobody does."""

from time import perf_counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

QUIET_S = 15.0
"""A log hears of a step in several parts at least this often, as far as parts end."""


class Step:
    """One step of a command, as a context: when it ends, a line says how long it took.

    On a terminal a bar moves until then. Elsewhere nothing but lines is written, each at once, so
    that a log file holds no control codes and is never long behind.
    """

    def __init__(self, description: str, parts: int = 1, *, console: Console | None = None) -> None:
        self.result = ""
        """What came out, for the last line: `100,930 rows`, say."""
        self._description = description
        self._parts = parts
        self._done = 0
        self._console = console or Console(soft_wrap=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description:24}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_interactive,
        )
        self._task = self._bar.add_task(description, total=parts)

    def __enter__(self) -> Self:
        self._began = self._said = perf_counter()
        self._bar.start()
        return self

    def advance(self) -> None:
        """One part is done."""
        self._done += 1
        self._bar.advance(self._task)
        now = perf_counter()
        if self._bar.disable and self._done < self._parts and now - self._said > QUIET_S:
            self._said = now
            self._line(f"{self._done} of {self._parts}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        self._line(self.result if error is None else "failed")

    def _line(self, result: str) -> None:
        seconds = perf_counter() - self._began
        self._console.print(f"{self._description:24} {result:>18} {seconds:7.1f} s")
        self._console.file.flush()
