"""uvicorn's HTTP protocol, with one system call per answer, and what a proxy does for it."""

import asyncio
from collections.abc import Callable
from random import uniform
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState


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


class Http(HttpToolsProtocol):
    """One connection, with what uvicorn leaves to a proxy.

    It is closed where no request comes at all, where the head of one, or the rest of a body that
    has been answered, does not arrive in time, and with an answer once it is old. ``refuse`` may
    answer a request unread, and one whose client leaves is cancelled.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        age_s: float,
        arrival_s: float,
        refuse: Callable[[bytes, list[tuple[bytes, bytes]]], bytes | None],
    ) -> None:
        super().__init__(config, server_state, app_state={})
        # Those that were opened together need not be opened anew together.
        self._old_at = self.loop.time() + age_s * uniform(0.9, 1.1)
        self._arrival_s = arrival_s
        self._awaited_since: float | None = None
        self._refuse = refuse
        self._refused_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def overdue(self, now: float) -> bool:
        """Whether its client has been sending something for too long."""
        return self._awaited_since is not None and now - self._awaited_since > self._arrival_s

    def data_received(self, data: bytes) -> None:
        if self._awaited_since is None and (self.cycle is None or self.cycle.response_complete):
            answer = self._refuse(data, self.server_state.default_headers)
            if answer is not None:
                self._corked.write_through(answer)
                self._refused_at = self.loop.time()
                return
        super().data_received(data)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._corked = Corked(transport, self.loop)
        super().connection_made(self._corked)  # type: ignore[arg-type]
        self._start_keep_alive()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn leaves it where the connection was reset, and with it all of this for its length.
        self._unset_keepalive_if_required()
        if self._task is not None and not self._task.done():
            self._task.cancel()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # Both refer to each other, and would stay until the collector comes by.
        self.parser = None  # type: ignore[assignment]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._awaited_since = self.loop.time()

    def on_headers_complete(self) -> None:
        self._awaited_since = None
        super().on_headers_complete()
        if self.cycle is not None and self.loop.time() > self._old_at:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._awaited_since = None
        if self.cycle and self.cycle.response_complete and self.timeout_keep_alive_task is None:
            # Its answer came before it had arrived: from here on the connection is idle.
            self._start_keep_alive()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._awaited_since = self.loop.time()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._task = self.loop.create_task(cycle.run_asgi(_while_there(app, cycle)))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def timeout_keep_alive_handler(self) -> None:
        # Refusals do not set the timer anew: it would cost as much again.
        if self.loop.time() - self._refused_at < self.timeout_keep_alive:
            self._start_keep_alive()
        else:
            super().timeout_keep_alive_handler()

    def _start_keep_alive(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )


def _while_there(app: ASGIApp, cycle: RequestResponseCycle) -> Any:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not cycle.disconnected:
                raise

    return run
