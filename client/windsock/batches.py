"""Many rows as requests of some rows each. No I/O."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from windsock.answers import Prediction, RowError
from windsock.encoding import Fields, encode
from windsock.errors import DeadlineExceeded, InvalidRequest, WindsockError
from windsock.records import error_record, record

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

R = TypeVar("R")

_TOO_LARGE = ("batch_too_large", "body_too_large")


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one request, encoded, and their places in the whole."""

    places: list[int] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    name: str = "instances"

    def body(self) -> bytes:
        return f'{{"{self.name}":[{",".join(self.rows)}]}}'.encode()

    def cut(self, size: int) -> "tuple[Part, Part]":
        """The first so many rows, and the others."""
        first = Part(self.places[:size], self.rows[:size], self.name)
        return first, Part(self.places[size:], self.rows[size:], self.name)


class Batch(Generic[R]):
    """Cuts ``rows`` into parts of at most ``size``, and gathers what ``good`` makes of a row's
    answer and ``bad`` of its error, also where ``encode`` refuses the row. A server that takes
    fewer rows at a time is sent fewer. ``timeout_s`` is for all of it, None for no limit; ``names``
    are what requests call their rows, and answers theirs."""

    def __init__(
        self,
        rows: Iterable[Any],
        size: int,
        good: Callable[[Mapping[str, Any]], R],
        bad: Callable[[RowError], R],
        timeout_s: float | None = None,
        *,
        encode: Callable[[Any], str] = encode,
        names: tuple[str, str] = ("instances", "predictions"),
    ) -> None:
        self._asked, self._told = names
        self._deadline = inf if timeout_s is None else time.monotonic() + timeout_s
        self._rows = enumerate(rows)
        self._encode = encode
        self._size = size
        self._good = good
        self._bad = bad
        self._too_large: deque[Part] = deque()
        self._answers: dict[int, R] = {}
        self._answered = False

    def take(self) -> Part | None:
        """The next part to send, None where there is none left."""
        if self._too_large:
            part, rest = self._too_large.popleft().cut(self._size)
            if rest.rows:
                self._too_large.appendleft(rest)
            return part
        part = Part(name=self._asked)
        for place, fields in self._rows:
            try:
                row = self._encode(fields)
            except InvalidRequest as error:
                self._answers[place] = self._bad(RowError.told(error))
                continue
            part.rows.append(row)
            part.places.append(place)
            if len(part.rows) == self._size:
                break
        return part if part.rows else None

    def left_s(self) -> float | None:
        """The time that the next request may take, None where nothing limits it. Raises
        DeadlineExceeded."""
        if self._deadline == inf:
            return None
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise DeadlineExceeded("the time for the whole batch was over before this row's turn")
        return left_s

    def read(self, part: Part, said: Mapping[str, Any]) -> None:
        """Take the answers for a part, from their decoded JSON. Raises ValueError, KeyError or
        TypeError where they are not what they should be."""
        for row, (place, one) in enumerate(zip(part.places, said[self._told], strict=True)):
            self._answers[place] = (
                self._bad(RowError.of(one)) if "error" in one else self._good({**one, "row": row})
            )
        self._answered = True

    def failed(self, part: Part, error: WindsockError) -> None:
        """A part had no answer. If it was too large, parts have half as many rows from now on, it
        too; otherwise its rows have the error, which is raised where no part has been answered."""
        if error.code in _TOO_LARGE and len(part.rows) > 1:
            self._size = min(self._size, len(part.rows) // 2)
            self._too_large.append(part)
        elif self._answered or error.code in _TOO_LARGE:
            for place in part.places:
                self._answers[place] = self._bad(RowError.told(error))
        else:
            raise error

    def answers(self) -> list[R]:
        """By row, in order, once all parts have been answered or have failed."""
        return [self._answers[place] for place in range(len(self._answers))]


def batch_of(
    rows: "pd.DataFrame | pa.Table | Iterable[Fields]", size: int, timeout_s: float | None
) -> tuple[Batch[Any], Callable[[list[Any]], Any]]:
    """The batch for rows of any kind, and what makes the result of its answers."""
    given: Any = rows
    of_table: Callable[[Any], Iterable[Fields]]
    result: Callable[[list[Any]], Any]
    # pandas and Arrow are not required: without them there are no such rows.
    if _is(given, "pandas", "DataFrame"):
        from windsock import frames  # noqa: PLC0415

        of_table, result = frames.rows_of, partial(frames.frame_of, index=given.index)
    elif _is(given, "pyarrow", "Table", "RecordBatch"):
        from windsock import tables  # noqa: PLC0415

        of_table, result = tables.rows_of, tables.table_of
    else:
        return Batch(given, size, Prediction.of, lambda error: error, timeout_s), list
    return Batch(of_table(given), size, record, error_record, timeout_s), result


def _is(rows: Any, library: str, *types: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(rows, tuple(getattr(module, one) for one in types))
