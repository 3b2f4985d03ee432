"""A column of a batch, by what carries its type.

Scalars that are numbers are float64 with NaN for missing; text, bytes, UUIDs (in their canonical
form), ``Decimal`` and zoned ``datetime`` objects, documents and lists of lists are object arrays
with None; entity keys, which are never missing, may be int64. The others carry what is missing
apart from their values: ``Integers``, ``Block`` and ``Ragged``. All of them have a length, give
their rows by a slice or an array of places, and ``tolist()``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import accumulate
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from deployments.dtypes import DType, Type, type_of

Places = slice | npt.NDArray[np.intp] | npt.NDArray[np.bool_]

_ELEMENTS = {"float64": "f8", "float32": "f4", "timestamp": "f8", "int64": "i8", "bool": "?"}
_FLOATS = ("float64", "bool", "timestamp")


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers of 64 bits: ``values`` int64 [N], 0 where missing, and the same as ``floats``
    float64 [N], rounded past 2^53 and NaN where missing."""

    values: npt.NDArray[np.int64]
    floats: npt.NDArray[np.float64]

    @classmethod
    def of(cls, cells: Sequence[int | None]) -> "Integers":
        """From whole numbers, None for missing. Raises OverflowError beyond 64 bits."""
        floats = np.array(cells, dtype=np.float64)
        if np.isnan(floats).any():
            cells = [0 if cell is None else cell for cell in cells]
        return cls(np.array(cells, dtype=np.int64), floats)

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        return np.isnan(self.floats)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, places: Places) -> "Integers":
        return Integers(self.values[places], self.floats[places])

    def tolist(self) -> list[int | None]:
        return _or_none(self.values.tolist(), self.missing)


@dataclass(frozen=True, slots=True)
class Block:
    """Arrays of one length: ``values`` [N, k], zeros (None, of objects) where
    ``missing``, bool [N]."""

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, cells: Sequence[Sequence[Any] | None], item: Type, length: int) -> "Block":
        """From sequences of ``length`` elements, None for missing. Raises ValueError for others."""
        return Ragged.of(cells, item).block(length)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, places: Places) -> "Block":
        return Block(self.values[places], self.missing[places])

    def tolist(self) -> list[list[Any] | None]:
        return _or_none(self.values.tolist(), self.missing)


@dataclass(frozen=True)
class Ragged:
    """Arrays of any length: row i has ``values[offsets[i]:offsets[i + 1]]``, and none where
    ``missing`` bool [N]; ``offsets`` int64 [N + 1] begin at 0. An empty array is not missing."""

    values: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]
    missing: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, cells: Sequence[Sequence[Any] | None], item: Type) -> "Ragged":
        """From sequences (lists or NumPy arrays) of elements of ``item``, None for missing."""
        missing = np.array([cell is None for cell in cells], dtype=bool)
        known = [() if cell is None else cell for cell in cells]
        offsets = np.fromiter(accumulate(map(len, known), initial=0), np.int64, len(known) + 1)
        values = _values(known, int(offsets[-1]), _ELEMENTS.get(item.kind))
        return cls(values, offsets, missing)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How many elements each row has, int64 [N]."""
        return np.diff(self.offsets)

    def block(self, length: int) -> Block:
        """The same as a block. Raises ValueError where an array has another length."""
        wrong = np.flatnonzero((self.lengths != length) & ~self.missing)
        if len(wrong):
            raise ValueError(f"an array has {self.lengths[wrong[0]]} elements, {length} are needed")
        if not self.missing.any():
            return Block(self.values.reshape(len(self), length), self.missing)
        blank = None if self.values.dtype == object else 0
        values = np.full((len(self), length), blank, dtype=self.values.dtype)
        values[~self.missing] = self.values.reshape(-1, length)
        return Block(values, self.missing)

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, places: Places) -> "Ragged":
        lengths, starts = self.lengths[places], self.offsets[:-1][places]
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        if isinstance(places, slice) and places.step in (None, 1):
            first = int(starts[0]) if len(starts) else 0
            values = self.values[first : first + int(offsets[-1])]
        else:
            shift = np.repeat(starts - offsets[:-1], lengths)
            values = self.values[shift + np.arange(offsets[-1])]
        return Ragged(values, offsets, self.missing[places])

    def cells(self) -> list[npt.NDArray[Any] | None]:
        """Each row's array, None where it is missing: views, not copies."""
        parts = np.split(self.values, self.offsets[1:-1]) if len(self) else []
        return _or_none(parts, self.missing)

    def tolist(self) -> list[list[Any] | None]:
        return [None if cell is None else cell.tolist() for cell in self.cells()]


# Any stands for Integers, Block and Ragged: most of who meets a column knows which it is.
Column = npt.NDArray[Any] | Any

C = TypeVar("C", bound=Column)


def column_of(dtype: DType, cells: Iterable[Any]) -> Column:
    """A column of cells, None for missing: as Python has them, instants in epoch seconds, UUIDs as
    text, arrays as sequences. Raises ValueError or TypeError for what is of no such type."""
    return maker_of(dtype)(cells if isinstance(cells, Sequence) else list(cells))


def key_column(dtype: DType, cells: Iterable[Any]) -> Column:
    """A column of entity keys, which are never missing."""
    return maker_of(dtype, key=True)(cells if isinstance(cells, Sequence) else list(cells))


@lru_cache(maxsize=4096)
def maker_of(dtype: DType, *, key: bool = False) -> Callable[[Sequence[Any]], Column]:
    """What makes ``column_of`` of a sequence, or ``key_column``, for who makes many."""
    kind = type_of(dtype)
    if dtype in _FLOATS:
        return partial(np.array, dtype=np.float64)
    if dtype == "int64":
        return partial(np.array, dtype=np.int64) if key else Integers.of
    if not kind.is_list:
        return objects
    assert kind.item is not None
    if kind.length is not None:
        return partial(Block.of, item=kind.item, length=kind.length)
    return partial(Ragged.of, item=kind.item)


def missing_of(column: Column) -> npt.NDArray[np.bool_]:
    """Which rows have no value, bool [N]."""
    if isinstance(column, np.ndarray):
        if column.dtype == object:
            return np.array([cell is None for cell in column.tolist()], dtype=bool)
        return np.isnan(column) if column.dtype.kind == "f" else np.zeros(len(column), dtype=bool)
    missing: npt.NDArray[np.bool_] = column.missing
    return missing


def joined(columns: Sequence[C]) -> C:
    """Columns of one kind, one after the other."""
    first = columns[0]
    if len(columns) == 1:
        return first
    parts: Sequence[Any] = columns
    if isinstance(first, np.ndarray):
        return cast(C, np.concatenate(parts))
    if isinstance(first, Integers):
        whole: Column = Integers(
            np.concatenate([one.values for one in parts]),
            np.concatenate([one.floats for one in parts]),
        )
    elif isinstance(first, Block):
        whole = Block(
            np.concatenate([one.values for one in parts]),
            np.concatenate([one.missing for one in parts]),
        )
    else:
        lengths = np.concatenate([one.lengths for one in parts])
        whole = Ragged(
            np.concatenate([one.values for one in parts]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([one.missing for one in parts]),
        )
    return cast(C, whole)


def objects(cells: Sequence[Any]) -> npt.NDArray[np.object_]:
    """An object array [N] of these, whatever they are."""
    return np.fromiter(cells, dtype=object, count=len(cells))


def _values(cells: Sequence[Sequence[Any]], count: int, element: str | None) -> npt.NDArray[Any]:
    if not count:
        return np.empty(0, dtype=element or object)
    if element is None:
        return objects([value for cell in cells for value in cell])
    if isinstance(cells[0], np.ndarray) or any(isinstance(cell, np.ndarray) for cell in cells):
        return np.concatenate([np.asarray(cell, dtype=element) for cell in cells])
    return np.array([value for cell in cells for value in cell], dtype=element)


def _or_none(cells: list[Any], missing: npt.NDArray[np.bool_]) -> list[Any]:
    if not missing.any():
        return cells
    return [None if none else cell for cell, none in zip(cells, missing.tolist(), strict=True)]
