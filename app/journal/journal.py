"""A journal as a replica writes it: records of one turn of the loop are one frame."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from time import perf_counter
from typing import TypeVar

from app.journal.chain import Chain, ChainForm
from app.journal.encryption import keyring_of
from app.journal.errors import JournalUnusable, NotKept
from app.journal.metrics import Metrics
from app.journal.retention import Retention
from app.journal.seal_age import SealAge
from app.journal.seal_places import seal_place
from app.journal.sealer import Sealer
from app.journal.settings import JournalSettings
from app.journal.signing import signing_key
from app.journal.upkeep import Upkeep
from app.journal.writers import Claim, claim
from deployments.log import get_logger

logger = get_logger(__name__)

T = TypeVar("T")


class Batch:
    """Records that are written together."""

    __slots__ = ("_done", "_failure", "_loop", "_waiting", "records")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.records: list[bytes] = []
        self._loop = loop
        self._waiting: list[asyncio.Future[None]] = []
        self._done = False
        self._failure: NotKept | None = None

    async def kept(self) -> None:
        """Until they are on disk. Raises NotKept."""
        if not self._done:
            waiter = self._loop.create_future()  # of each its own: one that is cancelled ends alone
            self._waiting.append(waiter)
            await waiter
        if self._failure is not None:
            raise NotKept(str(self._failure))

    def settle(self, failure: NotKept | None) -> None:
        """They are on disk, or never will be."""
        self._done, self._failure = True, failure
        self.records = []
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


class Journal:
    """``written`` and ``lost`` count records: on disk, and not, though answered all the same.
    ``write_seconds`` is told how long each write took."""

    def __init__(self, claimed: Claim, chain: Chain, upkeep: Upkeep, *, settings: JournalSettings):
        self.written = 0
        self.lost = 0
        self.write_seconds: Callable[[float], None] | None = None
        self._seal_age = SealAge()
        self._loop = asyncio.get_running_loop()
        self._claim = claimed
        self._chain = chain
        self._upkeep = upkeep
        self._every_s = settings.seals.every_s
        self._refuses = settings.unwritable == "refuse"
        sync = settings.durability == "fsync"
        self._thread = ThreadPoolExecutor(1, "journal") if sync else None
        self._batch = Batch(self._loop)
        self._under_way: Batch | None = None
        self._unwritable: str | None = None
        self._unsealed: str | None = None
        self._closing = False
        self._metrics: Metrics | None = None
        self._turned = asyncio.Event()
        self._watching = self._loop.create_task(self._watch(), context=Context())

    @classmethod
    async def open(cls, settings: JournalSettings, name: str) -> "Journal":
        """Take a writer's chain, or begin one, and go on behind what it holds; metrics tell of it
        by this name, of the label ``journal``. Raises JournalUnusable."""
        claimed, chain, upkeep = await asyncio.to_thread(_opened, settings)
        journal = cls(claimed, chain, upkeep, settings=settings)
        journal._metrics = Metrics(journal, name)
        return journal

    @property
    def written_bytes(self) -> int:
        """Bytes written, since it was opened."""
        return self._chain.bytes

    @property
    def unsealed_s(self) -> float:
        """How long ago the oldest record was written that no seal holds yet; 0: there is none."""
        return self._seal_age.seconds

    @property
    def unwritable(self) -> bool:
        """Whether the last write failed."""
        return self._unwritable is not None

    def append(self, record: bytes) -> Batch:
        """Write it at the end of this turn of the loop, with all others of the turn."""
        batch = self._batch
        if not batch.records:
            self._loop.call_soon(self._write)
        batch.records.append(record)
        return batch

    @property
    def pending(self) -> Batch | None:
        """What was appended last, unless it is known to be on disk or not to be."""
        return self._batch if self._batch.records else self._under_way

    async def kept(self) -> None:
        """Until what was appended last is on disk. Raises NotKept."""
        if (batch := self.pending) is not None:
            await batch.kept()

    def problems(self) -> list[str]:
        """What is wrong now, though it runs."""
        gone = self._upkeep.gone
        told = (
            self._unwritable,
            self._unsealed,
            f"{gone} records of the journal that were sealed are not there any more: verify it"
            if gone
            else None,
        )
        return [one for one in told if one]

    async def close(self) -> None:
        """Once what waits is written and sealed. What is appended later is refused."""
        if self._closing:
            return
        while self._batch.records or self._under_way is not None:
            with suppress(NotKept):
                await self.kept()
        self._closing = True
        self._turned.set()
        await self._watching
        await self._attend()
        self._chain.close()
        self._claim.release()
        if self._thread is not None:
            self._thread.shutdown()
        if self._metrics is not None:
            self._metrics.close()

    def _write(self) -> None:
        if self._under_way is not None or not self._batch.records:
            return  # whoever is writing takes it up afterwards
        batch, self._batch = self._batch, Batch(self._loop)
        segment = self._chain.position.segment
        if self._closing:
            batch.settle(NotKept("the journal is closed"))
        elif self._thread is not None:
            self._under_way = batch
            writing = self._loop.run_in_executor(self._thread, self._put, batch.records)
            writing.add_done_callback(lambda done: self._ended(batch, segment, done))
        else:
            error: OSError | None = None
            try:
                self._put(batch.records)
            except OSError as raised:
                error = raised
            self._settle(batch, segment, error)

    def _put(self, records: list[bytes]) -> None:
        begun = perf_counter()
        self._chain.write(records)
        if self.write_seconds is not None:
            self.write_seconds(perf_counter() - begun)

    def _ended(self, batch: Batch, segment: int, done: "asyncio.Future[None]") -> None:
        self._under_way = None
        self._settle(batch, segment, done.exception())
        self._write()

    def _settle(self, batch: Batch, segment: int, error: BaseException | None) -> None:
        count = len(batch.records)
        failure = None
        if error is None:
            self.written += count
            self._seal_age.wrote()
            if self._unwritable:
                logger.info("the journal can be written again")
                self._unwritable = None
        else:
            why = error.strerror if isinstance(error, OSError) else type(error).__name__
            told = f"the journal cannot be written: {why}"
            if self._unwritable != told:
                logger.error("%s, in %s", told, self._chain.folder, exc_info=error)
                self._unwritable = told
            if self._refuses:
                failure = NotKept(told)
            else:
                self.lost += count
        batch.settle(failure)
        if self._chain.position.segment != segment:
            self._turned.set()

    async def _watch(self) -> None:
        while not self._closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._turned.wait(), self._every_s)
            self._turned.clear()
            await self._attend()

    async def _attend(self) -> None:
        try:
            await self._alone(self._turn_over_if_due)
            self._seal_age.begin()
            await asyncio.to_thread(self._upkeep.attend, self._chain.position)
        except Exception as error:
            why = error.strerror or str(error) if isinstance(error, OSError) else repr(error)
            told = f"the journal cannot be sealed: {why}"
            if self._unsealed != told:
                logger.error("%s", told, exc_info=error)
            self._unsealed = told
        else:
            self._seal_age.sealed()
            if self._unsealed:
                logger.info("the journal is sealed again")
            self._unsealed = None

    def _turn_over_if_due(self) -> None:
        if self._chain.overdue:
            self._chain.turn_over()

    async def _alone(self, use: Callable[[], T]) -> T:
        """The chain is one thread's at a time."""
        if self._thread is None:
            return use()
        return await self._loop.run_in_executor(self._thread, use)


def _opened(settings: JournalSettings) -> tuple[Claim, Chain, Upkeep]:
    """All of it that blocks."""
    keyring = keyring_of(settings)
    sealer = Sealer(seal_place(settings.seals), signing_key(settings.seals))
    form = ChainForm(
        sync=settings.durability == "fsync",
        segment_bytes=settings.segment_bytes,
        segment_s=settings.segment_s,
        keyring=keyring,
    )
    keep_s = settings.keep_days * 86_400 if settings.keep_days else None
    try:
        claimed = claim(settings.directory)
        try:
            chain = Chain.recovered(claimed.folder, claimed.id, form)
        except BaseException:
            claimed.release()
            raise
    except OSError as error:
        raise JournalUnusable(
            f"the journal {settings.directory} cannot be opened: {error.strerror}"
        ) from error
    retention = Retention(keep_s, settings.keep_bytes)
    return claimed, chain, Upkeep(claimed, settings.directory, sealer, retention, form)
