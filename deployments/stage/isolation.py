"""Finds the rows that a stage fails for, once it has failed for their batch."""

from collections.abc import Callable, Mapping
from time import monotonic

from deployments.columns import Column, joined
from deployments.frames import Failure, Failures
from deployments.log import get_logger
from deployments.metrics.catalogue.stages import FAILED_ROWS
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

# So few are tried one by one: halving on would cost more than it spares where many are bad.
_ONE_BY_ONE = 8
_LOG_EVERY_S = 60.0

Columns = Mapping[str, Column]
"""Arrays of as many rows each."""


class RowProblem(ValueError):
    """What is wrong with a row's value in ``column``, in words that its client may read."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column


class Isolation:
    """Runs a batch that failed again by halves, down to single rows: what fails alone is that
    row's, all others are answered. N bad rows cost little more than N single runs.

    It tells a row's client what failed and the kind of error, whose text may hold data or paths,
    unless it is a RowProblem's; the log has each kind with its traceback once a minute, and a
    metric counts the rows.
    """

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._logged: dict[tuple[str, type[Exception]], float] = {}

    def rows(
        self,
        run: Callable[[slice], Columns],
        rows: int,
        blank: Columns,
        error: Exception,
        *,
        what: str,
        view: str = "",
    ) -> tuple[dict[str, Column], Failures]:
        """What ``run`` gives for each of the rows, and why it gives nothing for some of them,
        where ``blank``, of one row, stands in. All of them together failed with ``error``.

        ``what`` names to clients and in the log what ``run`` computes; ``view`` is for the metric.
        """
        parts: list[Columns] = []
        failed: dict[int, Failure] = {}
        left = _cut(0, rows)
        while left:
            start, stop = left.pop()
            try:
                parts.append(run(slice(start, stop)))
            except Exception as alone:
                if stop - start > 1:
                    left += _cut(start, stop)
                    continue
                self._log(alone, f"{what} failed for a row")
                failed[start] = _failure(f"{what} failed for this row", alone)
                parts.append(blank)
        if failed:
            COUNTS.counter(FAILED_ROWS)[self._stage, view].add(len(failed))
        else:
            self._log(error, f"{what} failed for a batch, and for none of its rows alone")
        return {name: joined([part[name] for part in parts]) for name in blank}, failed

    def _log(self, error: Exception, told: str) -> None:
        kind, now = (told, type(error)), monotonic()
        if now - self._logged.get(kind, -_LOG_EVERY_S) >= _LOG_EVERY_S:
            self._logged[kind] = now
            logger.error("%s", told, exc_info=error)


def _failure(what: str, error: Exception) -> Failure:
    if isinstance(error, RowProblem):
        return Failure(f"{what}: {error}", error.column)
    return Failure(f"{what}: {type(error).__name__}")


def _cut(start: int, stop: int) -> list[tuple[int, int]]:
    """The parts in which these rows are tried, the first one last."""
    step = 1 if stop - start <= _ONE_BY_ONE else (stop - start + 1) // 2
    return [(at, min(at + step, stop)) for at in reversed(range(start, stop, step))]
