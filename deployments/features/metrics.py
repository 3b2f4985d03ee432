"""What the feature stage counts."""

import numpy as np
import numpy.typing as npt

from deployments.features.store.breaker import State
from deployments.frames import Status, ViewStates
from deployments.metrics.catalogue import features
from deployments.metrics.series import COUNTS, Count, Distribution

_STATUS = [status.name.lower() for status in Status]


class _Views:
    """The series of some views that are looked up together."""

    def __init__(self, names: tuple[str, ...]) -> None:
        rows, ages = COUNTS.counter(features.ROWS), COUNTS.histogram(features.AGE)
        self.rows: list[Count] = [rows[name, status] for name in names for status in _STATUS]
        self.ages: list[Distribution] = [ages[name] for name in names]
        self.first = np.arange(0, len(self.rows), len(_STATUS))[:, None]


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
        cells = np.bincount((states.status + views.first).ravel(), minlength=len(views.rows))
        for count, rows in zip(views.rows, cells.tolist(), strict=True):
            if rows:
                count.value += rows
        for ages, age_s in zip(views.ages, states.age_s, strict=True):
            _observe(ages, age_s)

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


def _observe(ages: Distribution, age_s: npt.NDArray[np.float64]) -> None:
    """NaN is no age; one from before the clock began counts as none at all, 0."""
    ages.observe_all(np.maximum(age_s, 0.0))
