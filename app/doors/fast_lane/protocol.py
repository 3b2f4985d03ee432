"""uvicorn's HTTP protocol, with one system call per answer, and what a proxy does for it."""

import asyncio
import socket
from array import array
from collections.abc import Callable
from fcntl import ioctl
from random import uniform
from termios import FIONREAD
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from app.doors.http1 import Http1
from app.doors.http10 import as_spoken
from app.edge.options import FAST_LANE


class Corked:
    """A transport that writes once per turn of the event loop what is written in it.

    uvicorn writes the head of an answer and its body apart. On loopback a write runs the kernel's
    whole way to the reader, so two cost a third of a request.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def write_through(self, data: bytes) -> None:
        """Write at once, behind what is held: a whole answer gains nothing by waiting."""
        self._held.append(data)
        self._flush()

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._transport.write(b"".join(held))


class Http(Http1):
    """One connection, with what uvicorn leaves to a proxy.

    It is closed where no request comes at all, where the head of one, or the rest of a body that
    has been answered, does not arrive in time, and with an answer once it is old. ``refuse`` may
    answer a request unread, and one whose client leaves is cancelled.
    """

    door = FAST_LANE

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        age_s: float,
        arrival_s: float,
        refuse: Callable[[bytes, list[tuple[bytes, bytes]]], bytes | None],
    ) -> None:
        super().__init__(config, server_state, app_state={})
        self._idle_since = self.loop.time()
        # Those that were opened together need not be opened anew together.
        self._old_at = self._idle_since + age_s * uniform(0.9, 1.1)
        self._arrival_s = arrival_s
        self._refuse_unread = refuse
        self._task: asyncio.Task[None] | None = None

    def overdue(self, now: float) -> bool:
        """Whether its client has been sending something, or nothing at all, for too long."""
        if self.head_since is not None:
            return now - self.head_since > self._arrival_s
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            return False
        if cycle is not None and cycle.more_body:
            return now - self._idle_since > self._arrival_s
        return now - self._idle_since > self.timeout_keep_alive and not self._unread()

    def shutdown(self) -> None:
        """As uvicorn has it, but that a request that is here and not read yet is answered first."""
        if not self._unread():
            super().shutdown()

    def _unread(self) -> bool:
        """Whether the kernel has something for it: closed now, it would be reset with it."""
        if self.transport.is_closing():  # its descriptor may be gone, or another's
            return False
        where: socket.socket = self.transport.get_extra_info("socket")
        there = array("i", [0])
        ioctl(where.fileno(), FIONREAD, there)
        return there[0] > 0

    def data_received(self, data: bytes) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.head_since is None and not self.refused:
            answer = self._refuse_unread(data, self.server_state.default_headers)
            if answer is not None:
                self._corked.write_through(answer)
                self._idle_since = self.loop.time()
                return
        super().data_received(data)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._corked = Corked(transport, self.loop)
        super().connection_made(self._corked)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._task is not None and not self._task.done():
            self._task.cancel()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Both refer to each other, and would stay until the collector comes by.
        self.parser = None  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.cycle and self.cycle.response_complete:
            # Its answer came before it had arrived: from here on the connection is idle.
            self.cycle.more_body = False
            self._idle_since = self.loop.time()

    def on_response_complete(self) -> None:
        """As uvicorn has it, but that a sweep ends what idles: a timer for each request would cost
        more than all else in here."""
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.loop.time() > self._old_at:
            cycle.keep_alive = False
        app = as_spoken(app, cycle, self.door)
        self._task = self.loop.create_task(cycle.run_asgi(_while_there(app, cycle)))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)


def _while_there(app: ASGIApp, cycle: RequestResponseCycle) -> Any:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not cycle.disconnected:
                raise

    return run
