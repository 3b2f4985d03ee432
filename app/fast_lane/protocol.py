"""uvicorn's HTTP protocol, with one system call per answer."""

import asyncio
from random import uniform
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
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

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, []
            self._transport.write(b"".join(held))


class Http(HttpToolsProtocol):
    """Also ends a connection on which no request comes at all, and one that is ``age_s`` old, with
    the answer to its next request."""

    def __init__(
        self, config: Config, server_state: ServerState, age_s: float = float("inf")
    ) -> None:
        super().__init__(config, server_state, app_state={})
        # Those that were opened together need not be opened anew together.
        self._old_at = self.loop.time() + age_s * uniform(0.9, 1.1)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None and self.loop.time() > self._old_at:
            self.cycle.keep_alive = False
