"""The newest rows of each version, as the counts of all replicas of a node say."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from app.journal.encryption import keyring_of
from app.journal.reading import read
from app.observability.drift.settings import DriftSettings
from app.observability.drift.tally import Tally, decode
from deployments.drift.measures import Counts
from deployments.log import get_logger
from deployments.model_id import ModelId

logger = get_logger(__name__)

_SERVED_S = 900
"""A window that nothing came to for so long cannot change: its version is not served any more, or
nobody asks."""


@dataclass(slots=True)
class Window:
    """The newest ``rows`` rows of a version: as few tallies as hold what the settings ask for.
    ``since_ns`` and ``until_ns`` are when the first and the last of them were written."""

    rows: int = 0
    since_ns: int = 0
    until_ns: int = 0
    tallies: deque[tuple[int, Tally]] = field(default_factory=deque)

    def add(self, time_ns: int, tally: Tally, most: int) -> None:
        """A newer one, for which old ones go that are not needed for ``most`` rows."""
        self.tallies.append((time_ns, tally))
        self.rows += tally.rows
        while self.rows - self.tallies[0][1].rows >= most:
            self.rows -= self.tallies.popleft()[1].rows
        self.since_ns, self.until_ns = self.tallies[0][0], time_ns

    def served(self, now_ns: int) -> bool:
        """Whether rows have come lately."""
        return now_ns - self.until_ns < _SERVED_S * 10**9

    def counts(self, name: str, bins: int) -> Counts:
        """All of one column or output, int64 [bins]; of tallies that have other bins none."""
        found = [tally.counts.get(name, ()) for _, tally in self.tallies]
        fitting = [one for one in found if len(one) == bins]
        if not fitting:
            return np.zeros(bins, dtype=np.int64)
        total: Counts = np.array(fitting, dtype=np.int64).sum(axis=0)
        return total


class Windows:
    """Reads them anew each time, so that nothing is counted twice or lost by who reads; of the
    journal only what the last windows began with, and later."""

    def __init__(self, settings: DriftSettings, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._settings = settings
        self._now_ns = now_ns
        self._since_ns = 0
        self._unreadable = 0

    def read(self) -> dict[ModelId, Window]:
        """By version, those that have rows. Raises JournalUnusable, KeyringError or OSError."""
        oldest = self._now_ns() - int(self._settings.age_s * 1e9)
        windows: dict[ModelId, Window] = {}
        for time_ns, tally in self._tallies(max(oldest, self._since_ns)):
            window = windows.setdefault(ModelId(tally.model, tally.version), Window())
            window.add(time_ns, tally, self._settings.rows)
        self._since_ns = min((one.since_ns for one in windows.values()), default=0)
        return windows

    def _tallies(self, since_ns: int) -> Iterator[tuple[int, Tally]]:
        journal, unreadable = self._settings.journal, 0
        for record in read(journal.directory, since_ns, None, keyring_of(journal)):
            try:
                tally = decode(record.data)
            except msgspec.DecodeError:
                unreadable += 1
                continue
            if tally.rows > 0:
                yield record.time_ns, tally
        if unreadable > self._unreadable:
            logger.warning("drift: %d records in %s are no counts", unreadable, journal.directory)
        self._unreadable = unreadable
