"""Indices of values: by vocabulary, by hash, by boundaries, or as they are."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from zlib import crc32

import numpy as np
import numpy.typing as npt

from deployments.columns import Column, Integers
from deployments.preprocess.cells import Key, as_floats, keys_of, plain_keys

Codes = npt.NDArray[np.int64] | list[int]
Places = npt.NDArray[np.intp]

_LEAST, _MOST = -(2**63), 2**63 - 1
_FLOAT = 2.0**63 - 1024  # the largest below it


class Coder(ABC):
    """Gives each value an index from 0 to below ``size``; 0 where it is missing or unseen."""

    size: int

    @abstractmethod
    def encode(self, column: Column) -> tuple[Codes, Places | None]:
        """Indices [N], and the places of values that are there, though unseen, if any. Raises
        ValueError for a column whose values have none."""


class ByVocabulary(Coder):
    """The place in a vocabulary, from 1."""

    def __init__(self, values: Sequence[str | int]) -> None:
        self._index: dict[Key, int] = {value: place for place, value in enumerate(values, start=1)}
        self.size = len(values) + 1

    def encode(self, column: Column) -> tuple[Codes, Places | None]:
        keys = keys_of(column)
        get = self._index.get
        try:
            codes = [get(key, 0) for key in keys]
        except TypeError:  # a list or a document, which plain_keys names
            codes = [0]
        if 0 not in codes:
            return codes, None
        plain = plain_keys(keys)
        if plain is not keys:
            codes = [get(key, 0) for key in plain]
        unseen = [row for row, code in enumerate(codes) if not code and plain[row] is not None]
        return codes, np.array(unseen, dtype=np.intp) if unseen else None


class ByHash(Coder):
    """One of ``buckets`` indices from 1, the same in every process and on every machine."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets
        self.size = buckets + 1

    def encode(self, column: Column) -> tuple[Codes, Places | None]:
        numbers, missing = _whole(column)
        # The finalizer of SplitMix64, which mixes all bits into those that the remainder takes.
        mixed = numbers.astype(np.uint64)
        mixed ^= mixed >> np.uint64(30)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        codes = (mixed % np.uint64(self._buckets)).astype(np.int64) + 1
        codes[missing] = 0
        return codes, None


class ByBoundaries(Coder):
    """How many boundaries are at or below a number, and 1."""

    def __init__(self, boundaries: Sequence[float]) -> None:
        self._boundaries = np.array(boundaries, dtype=np.float64)
        self.size = len(boundaries) + 2

    def encode(self, column: Column) -> tuple[Codes, Places | None]:
        values = as_floats(column)
        codes = np.searchsorted(self._boundaries, values, side="right").astype(np.int64) + 1
        codes[np.isnan(values)] = 0
        return codes, None


class AsTheyAre(Coder):
    """Whole numbers from 0 to below ``size``."""

    def __init__(self, size: int) -> None:
        self.size = size

    def encode(self, column: Column) -> tuple[Codes, Places | None]:
        numbers, missing = _whole(column, texts=False)
        outside = (numbers < 0) | (numbers >= self.size)
        codes = np.where(outside | missing, 0, numbers)
        unseen = np.flatnonzero(outside & ~missing)
        return codes, unseen if len(unseen) else None


def _whole(
    column: Column, *, texts: bool = True
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Integers for values (of a text its checksum), and which are missing."""
    if isinstance(column, Integers):
        return column.values, column.missing
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        missing = ~np.isfinite(column)
        whole = np.clip(np.where(missing, 0, column), -_FLOAT, _FLOAT)
        return whole.astype(np.int64), missing
    if isinstance(column, np.ndarray) and column.dtype.kind in "ib":
        return column.astype(np.int64), np.zeros(len(column), dtype=bool)
    keys = plain_keys(keys_of(column))
    if not texts and any(isinstance(key, str) for key in keys):
        raise ValueError("it holds text, which is no index")
    numbers = [
        crc32(key.encode()) if isinstance(key, str) else min(max(key or 0, _LEAST), _MOST)
        for key in keys
    ]
    return np.array(numbers, dtype=np.int64), np.array([key is None for key in keys], dtype=bool)
