"""What the feature stage counts."""

import numpy as np

from deployments.features.store.breaker import State
from deployments.frames import Status, ViewStates
from deployments.metrics.catalogue import features
from deployments.metrics.series import COUNTS, Count, Distribution

_STATUS = [status.name.lower() for status in Status]


class _Views:
    """The series of some views that are looked up together, and how to count for all of them at
    once: view by view it would cost more than the lookup."""

    def __init__(self, names: tuple[str, ...]) -> None:
        rows, ages = COUNTS.counter(features.ROWS), COUNTS.histogram(features.AGE)
        self._rows: list[Count] = [rows[name, status] for name in names for status in _STATUS]
        self._ages: list[Distribution] = [ages[name] for name in names]
        self._first_row = np.arange(0, len(self._rows), len(_STATUS))[:, None]
        self._edges = np.array(features.AGE.buckets, dtype=np.float64)
        # One bucket is beyond all bounds, and one for no age.
        self._width = len(self._edges) + 2
        self._first_age = np.arange(0, len(names) * self._width, self._width)[:, None]

    def count(self, states: ViewStates) -> None:
        """The rows of a batch, and the ages of those that have one; from before the clock began it
        is 0."""
        cells = np.bincount((states.status + self._first_row).ravel())
        for place in np.flatnonzero(cells).tolist():
            self._rows[place].value += int(cells[place])
        age_s = np.maximum(states.age_s, 0.0)
        unknown = np.isnan(age_s)
        places = self._edges.searchsorted(age_s.ravel()).reshape(age_s.shape) + unknown
        cells = np.bincount((places + self._first_age).ravel())
        for place in np.flatnonzero(cells).tolist():
            view, bucket = divmod(place, self._width)
            if bucket < self._width - 1:
                self._ages[view].counts[bucket] += int(cells[place])
        age_s[unknown] = 0.0
        for ages, total in zip(self._ages, age_s.sum(axis=1).tolist(), strict=True):
            ages.sum += total


class LookupMetrics:
    """Rows by view and status, ages by view, what the cache had, the store's reads and failures,
    and the breaker."""

    def __init__(self) -> None:
        self._views: dict[tuple[str, ...], _Views] = {}
        self._cached: dict[str, tuple[Count, Count]] = {}
        self._reads = COUNTS.histogram(features.STORE_READ)[()]
        self._failures = COUNTS.counter(features.STORE_FAILURES)[()]
        self._unusable = COUNTS.counter(features.UNUSABLE_ROWS)
        self._broken = COUNTS.gauge(features.BROKEN_VIEWS)[()]
        self._broken.set(0)
        self._breaker = COUNTS.gauge(features.BREAKER)[()]
        self._breaker.set(State.CLOSED)

    def looked_up(self, states: ViewStates) -> None:
        """Count the rows of a batch, and the ages of those that have one."""
        if not states.names:
            return
        views = self._views.get(states.names)
        if views is None:
            views = self._views[states.names] = _Views(states.names)
        views.count(states)

    def cached(self, view: str, keys: int, missing: int) -> None:
        """A batch has asked the row cache for so many distinct keys of a view."""
        found = self._cached.get(view)
        if found is None:
            counter = COUNTS.counter(features.CACHE_ROWS)
            found = self._cached[view] = counter[view, "hit"], counter[view, "miss"]
        hit, miss = found
        hit.value += keys - missing
        miss.value += missing

    def store_read(self, seconds: float) -> None:
        """Observe one read of the store."""
        self._reads.observe(seconds)

    def store_failed(self) -> None:
        """Count a read that failed."""
        self._failures.add()

    def records_failed(self, view: str, rows: int) -> None:
        """Count rows that cannot be used."""
        self._unusable[view].add(rows)

    def broken_views(self, views: int) -> None:
        """Tell how many views fail alone."""
        self._broken.set(views)

    def breaker_state(self, state: State) -> None:
        """Tell the breaker's state."""
        self._breaker.set(state)
