"""What one batch asks of one view: the rows that the cache holds, and the keys that it does not."""

from collections.abc import Hashable, Sequence

import numpy as np

from deployments.features.cache import RowCache, Rows
from deployments.features.plan import StoredView
from deployments.frames import Column

Key = tuple[Hashable, ...]


class ViewBatch:
    """Splits a batch by what is cached at ``now`` (seconds of the cache's clock).

    ``missing`` holds each key to read once, however many rows have it. The cached rows are copied
    here and now: while the store is read, other batches may take their slots.
    """

    def __init__(self, view: StoredView, keys: Sequence[Key], cache: RowCache, now: float) -> None:
        self.view = view
        self._cache = cache
        self._now = now
        self._size = len(keys)
        self.missing: list[Key] = []
        slots = cache.find(keys, now)
        hit = slots >= 0
        if hit.all():
            self._hits = cache.take(slots)
            return
        self._known = np.flatnonzero(hit)
        self._missed = np.flatnonzero(~hit)
        self._hits = cache.take(slots[self._known])
        places: dict[Key, int] = {}
        self._places = [places.setdefault(keys[row], len(places)) for row in self._missed.tolist()]
        self.missing = list(places)

    def rows(self, read: Rows | None) -> Rows:
        """All rows of the batch, given those read for ``missing`` (None where it is empty), which
        the cache keeps."""
        if read is None:
            return self._hits
        self._cache.put(self.missing, read, self._now)
        rows = Rows.empty(self.view.layout, self._size)
        rows.put(self._known, self._hits)
        rows.put(self._missed, read.take(np.array(self._places, dtype=np.intp)))
        return rows


def keys_of(columns: Sequence[Column], rows: int) -> list[Key]:
    """The keys of a batch's rows: the values of these columns, row by row."""
    if not columns:
        return [()] * rows
    return list(zip(*(column.tolist() for column in columns), strict=True))
