"""What the feature stage tells Prometheus, through Ray."""

import asyncio
from time import monotonic

import numpy as np
import numpy.typing as npt
from ray.serve.metrics import Counter, Gauge, Histogram

from deployments.features.store.breaker import State
from deployments.frames import Status, ViewStates

# From seconds to a month.
_AGES_S = [1.0, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400]
_READS_MS = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000]
_STATUS = [status.name.lower() for status in Status]
_EVERY_S = 0.5
_SAMPLE_EVERY_S = 0.01


class LookupMetrics:
    """Rows by view and status, ages by view, the store's reads and failures, and the breaker.

    Counts are added up here and handed on twice a second. Of ages it is one row of a batch, at most
    a hundred times a second: one call for each row and view would cost more than the lookup.
    """

    def __init__(self) -> None:
        self._rows = Counter(
            "windsock_feature_rows",
            "Rows looked up, by feature view and status",
            tag_keys=("view", "status"),  # type: ignore[arg-type]  # annotated as of one
        )
        self._ages = Histogram(
            "windsock_feature_age_seconds",
            "Age of the feature values used, by feature view (a sample)",
            boundaries=_AGES_S,
            tag_keys=("view",),
        )
        self._reads = Histogram(
            "windsock_store_read_ms", "Time of one read of the online store", boundaries=_READS_MS
        )
        self._failures = Counter(
            "windsock_store_failures", "Reads of the online store, or of one view, that failed"
        )
        self._records = Counter(
            "windsock_store_unusable_rows",
            "Rows read that the store has and that cannot be used, by feature view",
            tag_keys=("view",),
        )
        self._broken = Gauge(
            "windsock_store_broken_views", "Feature views that fail while others can be read"
        )
        self._broken.set(0)
        self._breaker = Gauge(
            "windsock_store_breaker", "0: the store is read; 1: it is being tried; 2: left alone"
        )
        self._breaker.set(State.CLOSED)
        self._counts: dict[tuple[str, ...], npt.NDArray[np.int64]] = {}
        self._sample_due = 0.0

    def looked_up(self, states: ViewStates) -> None:
        """Count the rows of a batch."""
        names, width = states.names, len(Status)
        if not names:
            return
        if not self._counts:
            asyncio.get_running_loop().call_later(_EVERY_S, self.flush)
        cells = states.status + np.arange(0, len(names) * width, width)[:, None]
        counts = np.bincount(cells.ravel(), minlength=len(names) * width)
        before = self._counts.get(names)
        self._counts[names] = counts if before is None else before + counts
        now = monotonic()
        if now >= self._sample_due:
            self._sample_due = now + _SAMPLE_EVERY_S
            for name, age_s in zip(names, states.age_s[:, -1].tolist(), strict=True):
                if age_s == age_s:
                    self._ages.observe(age_s, tags={"view": name})

    def flush(self) -> None:
        """Hand on what was counted."""
        counted, self._counts = self._counts, {}
        for names, counts in counted.items():
            for place in np.flatnonzero(counts).tolist():
                view, status = divmod(place, len(Status))
                tags = {"view": names[view], "status": _STATUS[status]}
                self._rows.inc(int(counts[place]), tags=tags)

    def store_read(self, seconds: float) -> None:
        """Observe one read of the store."""
        self._reads.observe(seconds * 1000, tags={})

    def store_failed(self) -> None:
        """Count a read that failed."""
        self._failures.inc(tags={})

    def records_failed(self, view: str, rows: int) -> None:
        """Count rows that cannot be used."""
        self._records.inc(rows, tags={"view": view})

    def broken_views(self, views: int) -> None:
        """Tell how many views fail alone."""
        self._broken.set(views)

    def breaker_state(self, state: State) -> None:
        """Tell the breaker's state."""
        self._breaker.set(state)
