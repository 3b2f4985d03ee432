"""One client of the stream: rows join the queue as they come, answers leave when they are ready."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf

from starlette.status import WS_1008_POLICY_VIOLATION, WS_1009_MESSAGE_TOO_BIG
from starlette.types import Receive, Send

from app.config import StreamSettings
from app.edge.account import Serving
from app.edge.errors import log_unforeseen, public_error
from app.edge.options import RequestOptions
from app.edge.websocket import close
from app.protocols.stream.messages import Messages, RowId, answer_message, error_message
from app.protocols.stream.metrics import RowMetrics, StreamMetrics
from app.protocols.stream.read_ahead import TooFarAhead
from app.serving.errors import (
    ErrorCode,
    InvalidRequest,
    Overloaded,
    RateLimited,
    RowError,
    TimedOut,
    Unavailable,
)
from app.serving.served_version import BatchSlot

# Rows that are taken before others have their turn of the event loop.
_AT_ONCE = 128
_FAREWELL_S = 1.0

Waiting = tuple["asyncio.Future[BatchSlot]", float, float, RowMetrics]
"""What is waited for, its deadline, when its message was read, and what counts it."""


class Session:
    """``run`` it until it is over; ``end`` answers what was read, and closes with a reason."""

    def __init__(
        self,
        current: Callable[[], tuple[Serving, Messages]],
        settings: StreamSettings,
        options: RequestOptions,
        receive: Receive,
        send: Send,
        *,
        values: bool,
    ) -> None:
        self._current = current
        self._settings = settings
        self._limit_s = options.timeout_s
        self._account = options.account
        self.principal = options.principal
        self._values = values
        self._request_id = options.request_id
        self._metrics = StreamMetrics(options.door)
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self.started = self.heard = self._loop.time()
        self.ended = inf
        self._waiting: dict[RowId, Waiting] = {}
        self._answers: deque[str] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._close: tuple[int, str] | None = None
        self._gone = self._cut = False
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_limit = inf

    @property
    def under_way(self) -> int:
        """Rows that were read, and whose answers have not left."""
        return len(self._waiting) + len(self._answers)

    async def run(self) -> None:
        """Read and answer until the client leaves or the session is ended."""
        self._writer = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._reader = tasks.create_task(self._read())
                await self._write()
                self._reader.cancel()
        except asyncio.CancelledError:
            if not self._cut or self._writer is None or self._writer.uncancel():
                raise
        finally:
            if self._timer:
                self._timer.cancel()
            for waiting, *_ in self._waiting.values():
                waiting.cancel()
        if self._close is not None and not self._gone:
            with suppress(OSError, RuntimeError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._send(close(*self._close))

    def end(self, code: int, reason: str) -> None:
        """Read no more, answer what was read, then close."""
        if self._close is None:
            self._close = code, reason
            self.ended = self._loop.time()
            if self._reader is not None:
                self._reader.cancel()
            self._news.set()

    def cut(self) -> None:
        """Close it without the answers that are still out."""
        if self._writer is not None and not self._cut:
            self._cut = True
            self._writer.cancel()

    async def _write(self) -> None:
        try:
            while not self._gone and (self._close is None or self.under_way):
                await self._news.wait()
                self._news.clear()
                while self._answers:
                    await self._send({"type": "websocket.send", "text": self._answers.popleft()})
                self._room.set()
        except (OSError, RuntimeError):  # uvicorn's for a client that has left, or that it has cut
            self._gone = True

    async def _read(self) -> None:
        window = self._settings.window
        taken = 0
        try:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                if message["type"] == "websocket.receive":
                    self._take(message.get("text") or message.get("bytes") or b"")
                    taken += 1
                while self.under_way >= window:
                    self._room.clear()
                    await self._room.wait()
                if taken % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        except TooFarAhead as error:
            self.end(WS_1008_POLICY_VIOLATION, str(error))
        else:
            self._gone = True
            self._news.set()

    def _take(self, message: bytes | str) -> None:
        limit = self._settings.max_message_bytes
        if len(message) > limit:
            self.end(WS_1009_MESSAGE_TOO_BIG, f"a message is at most {limit} bytes long")
            return
        now = self.heard = self._loop.time()
        serving, messages = self._current()
        metrics = self._metrics.of(serving.model)
        row_id, row, timeout_ms = messages.read(message)
        if isinstance(row, InvalidRequest):
            self._refuse(row_id, row, metrics)
            return
        assert row_id is not None
        if row_id in self._waiting:
            why = f"the row {row_id!r} is still under way: give each an id of its own"
            self._refuse(row_id, InvalidRequest(ErrorCode.INVALID_FIELD, why, "id"), metrics)
            return
        deadline = now + (min(timeout_ms / 1000, self._limit_s) if timeout_ms else self._limit_s)
        try:
            placed = serving.begin(row, deadline, id=row_id)
        except (Overloaded, RateLimited, Unavailable) as error:
            self._refuse(row_id, error, metrics)
            return
        metrics.rows.value += 1
        self._waiting[row_id] = placed, deadline, now, metrics
        placed.add_done_callback(partial(self._placed, row_id, serving))
        if deadline < self._next_limit:
            self._watch(deadline)

    def _placed(self, row_id: RowId, serving: Serving, placed: "asyncio.Future[BatchSlot]") -> None:
        if placed.cancelled():
            return
        *_, began, metrics = self._waiting.pop(row_id)
        try:
            answer = serving.end(placed.result(), values=self._values)
            if isinstance(answer, RowError):
                raise answer
            message = answer_message(row_id, answer, serving.model)
        except Exception as error:
            self._refuse(row_id, error, metrics)
        else:
            self._answer(message)
        metrics.duration.observe(self._loop.time() - began)

    def _refuse(self, row_id: RowId | None, error: Exception, metrics: RowMetrics) -> None:
        if self._account is not None:
            self._account.failed(error, row_id)
        log_unforeseen(error, self._request_id)
        public = public_error(error)
        metrics.failed(public.code.code)
        self._answer(error_message(row_id, public.detail(self._request_id), public.retry_after_s))

    def _answer(self, message: str) -> None:
        self._answers.append(message)
        self._news.set()

    def _watch(self, deadline: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._next_limit = deadline
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        """End the rows whose time is over. One timer for all: most are answered before."""
        now = self._loop.time()
        late = [row_id for row_id, (_, deadline, *_) in self._waiting.items() if deadline <= now]
        for row_id in late:
            placed, _, began, metrics = self._waiting.pop(row_id)
            placed.cancel()
            self._refuse(row_id, TimedOut("no answer within the time of the row"), metrics)
            metrics.duration.observe(now - began)
        self._timer, self._next_limit = None, inf
        if self._waiting:
            self._watch(min(deadline for _, deadline, *_ in self._waiting.values()))
