"""What one batch asks of one view: the rows that the cache holds, and the keys that it does not."""

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from deployments.columns import Column
from deployments.features.cache import RowCache
from deployments.features.freshness import Origin
from deployments.features.plan import StoredView
from deployments.features.view_rows import ViewRows

Key = tuple[Hashable, ...]


class ViewBatch:
    """Splits a batch by what the cache has read since ``read_since`` (in seconds of its clock).

    ``missing`` holds each key to read once, however many rows have it. The cached rows are copied
    here and now: while the store is read, other batches may take their slots.
    """

    def __init__(
        self, view: StoredView, keys: Sequence[Key], cache: RowCache, read_since: float
    ) -> None:
        self.view = view
        self.missing: list[Key] = []
        self._read: ViewRows | None = None
        self._cache = cache
        self._size = len(keys)
        slots = cache.find(keys, read_since)
        hit = slots >= 0
        if hit.all():
            self._hits = cache.take(slots)
            return
        self._known = np.flatnonzero(hit)
        self._missed = np.flatnonzero(~hit)
        self._hits = cache.take(slots[self._known])
        places: dict[Key, int] = {}
        self._places = np.array(
            [places.setdefault(keys[row], len(places)) for row in self._missed.tolist()],
            dtype=np.intp,
        )
        self.missing = list(places)

    @property
    def complete(self) -> bool:
        """Whether each row is there, as far as the store has it."""
        return not self.missing or self._read is not None

    def add_read(self, read: ViewRows, now: float) -> None:
        """The rows that were read for ``missing``; the cache keeps them as read ``now``."""
        self._read = read
        self._cache.put(self.missing, read, now)

    def rows(self) -> ViewRows:
        """All rows of a batch that is complete."""
        return self._hits if self._read is None else self._joined(self._read)

    def last_known(self, read_since: float) -> tuple[ViewRows, npt.NDArray[np.int8]]:
        """All rows without a read, and the ``Origin`` [N] of each: those for ``missing`` are what
        the cache last knew, if not before ``read_since``."""
        if not self.missing:
            return self._hits, np.full(self._size, Origin.KEPT, dtype=np.int8)
        slots = self._cache.find(self.missing, read_since)
        kept = np.flatnonzero(slots >= 0)
        rows = ViewRows.empty(self.view.layout, len(self.missing))
        rows.put(kept, self._cache.take(slots[kept]))
        origin = np.full(self._size, Origin.KEPT, dtype=np.int8)
        origin[self._missed[slots[self._places] < 0]] = Origin.UNKNOWN
        return self._joined(rows), origin

    def _joined(self, missed: ViewRows) -> ViewRows:
        rows = ViewRows.empty(self.view.layout, self._size)
        rows.put(self._known, self._hits)
        rows.put(self._missed, missed.take(self._places))
        return rows


def keys_of(columns: Sequence[Column], rows: int) -> list[Key]:
    """The keys of a batch's rows: the values of these columns, row by row."""
    if not columns:
        return [()] * rows
    return list(zip(*(column.tolist() for column in columns), strict=True))
