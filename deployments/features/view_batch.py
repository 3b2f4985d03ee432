"""What one batch asks of one view: the rows that the cache holds, and the keys that it does not."""

from collections.abc import Hashable, Sequence

import numpy as np

from deployments.features.cache import RowCache, Rows
from deployments.features.plan import StoredView
from deployments.frames import Column, Frame

Key = tuple[Hashable, ...]


class ViewBatch:
    """Splits a batch by what is cached at ``now`` (seconds of the cache's clock).

    ``missing`` holds each key to read once, however many rows have it. The cached rows are copied
    here and now: while the store is read, other batches may take their slots.
    """

    def __init__(self, view: StoredView, frame: Frame, cache: RowCache, now: float) -> None:
        self.view = view
        self._cache = cache
        self._now = now
        self._size = frame.rows
        keys = _keys([frame.columns[name] for name in view.fields], frame.rows)
        slots = cache.find(keys, now)
        self._known = np.flatnonzero(slots >= 0)
        self._missed = np.flatnonzero(slots < 0)
        self._hits = cache.take(slots[self._known])
        places: dict[Key, int] = {}
        self._places = [places.setdefault(keys[row], len(places)) for row in self._missed]
        self.missing: list[Key] = list(places)

    def rows(self, read: Rows | None) -> Rows:
        """All rows of the batch, given those read for ``missing`` (None where it is empty), which
        the cache keeps."""
        if read is None:
            return self._hits
        self._cache.put(self.missing, read, self._now)
        rows = Rows.empty(self.view.features, self._size)
        rows.put(self._known, self._hits)
        rows.put(self._missed, read.take(np.array(self._places, dtype=np.intp)))
        return rows


def _keys(columns: Sequence[Column], rows: int) -> list[Key]:
    if not columns:
        return [()] * rows
    return list(zip(*(column.tolist() for column in columns), strict=True))
