"""What is counted of a journal."""

from collections.abc import Callable
from typing import Protocol

from deployments.metrics.catalogue import journal as catalogue
from deployments.metrics.series import COUNTS


class Counted(Protocol):
    """What a journal knows of itself: records and bytes since it was opened, how old the oldest
    record is that no seal holds, and whom to tell how long a write took."""

    written: int
    lost: int
    write_seconds: Callable[[float], None] | None

    @property
    def written_bytes(self) -> int: ...

    @property
    def unsealed_s(self) -> float: ...

    @property
    def unwritable(self) -> bool: ...


class Metrics:
    """Tells of a journal by this name (of the label ``journal``) as long as it is open."""

    def __init__(self, journal: Counted, name: str) -> None:
        self._journal = journal
        records = COUNTS.counter(catalogue.RECORDS)
        self._kept, self._lost = records[name, "kept"], records[name, "lost"]
        self._bytes = COUNTS.counter(catalogue.BYTES)[name]
        self._unsealed = COUNTS.gauge(catalogue.UNSEALED)[name]
        self._unwritable = COUNTS.gauge(catalogue.UNWRITABLE)[name]
        # A replica that opens it anew counts on.
        self._before = self._kept.value, self._lost.value, self._bytes.value
        journal.write_seconds = COUNTS.histogram(catalogue.WRITE)[name].observe
        self._tell_no_more = COUNTS.ask(self._tell)

    def close(self) -> None:
        """Behind the last record."""
        self._tell()
        self._tell_no_more()

    def _tell(self) -> None:
        journal = self._journal
        kept, lost, written = self._before
        self._kept.value = kept + journal.written
        self._lost.value = lost + journal.lost
        self._bytes.value = written + journal.written_bytes
        self._unsealed.set(journal.unsealed_s)
        self._unwritable.set(int(journal.unwritable))
