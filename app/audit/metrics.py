"""What metrics tell of records: handed on once a second, and not for each."""

import asyncio
from contextvars import Context

from ray.serve.metrics import Counter

from app.journal.journal import Journal

_EACH_S = 1.0


class Metrics:
    """Counts the records of a journal as long as it is open."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told = {"kept": 0, "lost": 0}
        self._counter = Counter(
            "windsock_audit_records",
            "Records of answers: kept, or lost where the config prefers to serve without",
            tag_keys=("outcome",),
        )
        self._telling = asyncio.create_task(self._tell_on(), context=Context())

    def close(self) -> None:
        """Behind the last record."""
        self._telling.cancel()
        self._tell()

    async def _tell_on(self) -> None:
        while True:
            await asyncio.sleep(_EACH_S)
            self._tell()

    def _tell(self) -> None:
        for outcome, now in (("kept", self._journal.written), ("lost", self._journal.lost)):
            if more := now - self._told[outcome]:
                self._counter.inc(more, tags={"outcome": outcome})
                self._told[outcome] = now
