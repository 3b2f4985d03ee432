"""An auditor in memory, which keeps what it records when it is let, or never."""

import asyncio
from collections.abc import Sequence

from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Route
from app.serving.answers import AnsweredBatch
from app.serving.errors import Unrecorded


class Record:
    """What was recorded at once: a number of ``rows``, or the error of a request."""

    def __init__(self, route: str, rows: int, error: Exception | None = None) -> None:
        self.route, self.rows, self.error = route, rows, error
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class HeldAuditor:
    """``records`` are settled at once, unless it is told to ``hold`` them; ``broken``: nothing can
    be kept."""

    def __init__(self, *, hold: bool = False, broken: bool = False) -> None:
        self.records: list[Record] = []
        self.hold, self.broken = hold, broken

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def problems(self) -> list[str]:
        return []

    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        for recording, _, rows in recordings:
            self._recorded(Record(recording.route.path, rows))

    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        if not isinstance(error, Unrecorded):
            self._recorded(Record(route.path, 0, error))

    async def kept(self) -> None:
        if self.records:
            await self.records[-1].settled

    def let(self) -> None:
        """Keep what there is."""
        for record in self.records:
            if not record.settled.done():
                record.settled.set_result(None)

    def _recorded(self, record: Record) -> None:
        self.records.append(record)
        if self.broken:
            record.settled.set_exception(Unrecorded("the disk is full"))
            record.settled.exception()  # not every one is asked for
        elif not self.hold:
            record.settled.set_result(None)
