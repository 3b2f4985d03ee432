"""The fast lane of one replica: uvicorn's protocols behind a listener of our own."""

import asyncio
import os
import time

import msgspec
from starlette.types import ASGIApp, Scope
from uvicorn import Config, Server

from app.config import FastLaneSettings
from app.doors.fast_lane.listener import Listener
from app.doors.fast_lane.protocol import Http
from app.doors.fast_lane.refusal import Refusals
from app.doors.fast_lane.sockets import Socket
from app.edge.options import FAST_LANE
from app.edge.response_headers import ResponseHeaders
from deployments.log import get_logger

logger = get_logger(__name__)

_POLL_S = 0.02
_SWEEP_S = 1.0


class FastLane:
    """Serves an ASGI application on a port that the ingress replicas of a node share, and on one of
    its own, by which the front can leave out a replica that hangs.

    uvicorn with httptools was measured against granian's embedded server
    (docs/performance.md): as fast with this application, and it lets a listener be closed
    before its connections are.
    """

    def __init__(
        self,
        settings: FastLaneSettings,
        app: ASGIApp,
        max_message_bytes: int,
        refusals: Refusals | None = None,
    ) -> None:
        self._settings = settings
        self._refusals = refusals or Refusals(lambda ahead: None)
        self._door = ResponseHeaders(app, FAST_LANE)
        self._config = Config(
            self._door,
            http=Http,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=settings.keep_alive_s,
            ws=Socket,
            ws_max_size=max_message_bytes,
            ws_ping_interval=settings.ping_s,
            ws_ping_timeout=settings.ping_s,
            # It would take each socket 35 KB more, and the processor longer than the link gains.
            ws_per_message_deflate=False,
        )
        self._server = Server(self._config)
        self._listener: Listener | None = None
        self._own: Listener | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def ongoing(self) -> int:
        """Requests under way; what goes on in a socket is its handler's to count."""
        return self._door.ongoing

    @property
    def closing(self) -> bool:
        """Whether it lets its clients go."""
        return self._door.closing

    @property
    def port(self) -> int:
        assert self._listener is not None
        return self._listener.port

    @property
    def whereabouts(self) -> bytes:
        """The process and the port of its own, as JSON."""
        assert self._own is not None
        return msgspec.json.encode({"pid": os.getpid(), "port": self._own.port})

    def took(self, scope: Scope) -> bool:
        """Whether this request came in here."""
        assert self._listener is not None
        assert self._own is not None
        server: tuple[str, int | None] = scope.get("server") or ("", None)
        return server[1] in (self._listener.port, self._own.port)

    async def open(self) -> None:
        """Begin to listen; nothing where it does already. Raises RuntimeError for a port that
        another program holds."""
        if self._listener is not None:
            return
        self._config.load()
        connections = self._server.server_state.connections
        self._listener, self._own = (
            Listener(
                self._settings.host,
                port,
                self._protocol,
                lambda: len(connections),
                self._settings.max_connections,
            )
            for port in (self._settings.port, 0)
        )
        # Without sockets of its own uvicorn does the rest: dates, and the end of connections.
        self._serving = asyncio.create_task(self._server.serve(sockets=[]))
        self._sweep(asyncio.get_running_loop())
        logger.info("fast lane on %s port %d", self._settings.host, self._listener.port)

    def check(self) -> None:
        """Raises RuntimeError where it should listen and does not."""
        if self._serving is not None and self._serving.done() and not self._door.closing:
            raise RuntimeError("the fast lane has ended") from self._serving.exception()

    async def close(self, within_s: float) -> None:
        """Accept no more, answer what is under way, then end; what lasts longer is cut. A second
        call waits for the first."""
        if self._listener is None or self._own is None or self._serving is None:
            return
        if self._door.closing:
            await asyncio.wait([self._serving])
            return
        end = time.monotonic() + within_s
        await asyncio.gather(self._listener.close(), self._own.close())
        self._door.closing = True
        # A client that is between two requests gets to know with its next answer; closed now,
        # the connection would break the request that is on its way.
        quiet = time.monotonic() + min(self._settings.linger_s, within_s / 2)
        while self._server.server_state.connections and time.monotonic() < quiet:
            await asyncio.sleep(_POLL_S)
        self._config.timeout_graceful_shutdown = max(1, int(end - time.monotonic()))
        self._server.should_exit = True
        await self._serving

    def _protocol(self) -> asyncio.Protocol:
        return Http(
            self._config,
            self._server.server_state,
            self._settings.connection_age_s,
            self._settings.arrival_s,
            self._refuse,
        )

    def _refuse(self, data: bytes, headers: list[tuple[bytes, bytes]]) -> bytes | None:
        # While it closes the whole way asks each client to leave.
        return None if self._door.closing else self._refusals(data, headers)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once a second, since a timer for each request would cost more than all of it: cut off the
        clients that take too long to send, or to go."""
        now = loop.time()
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, Http) and connection.overdue(now):
                connection.transport.close()
            elif isinstance(connection, Socket) and connection.overdue(now):
                connection.transport.abort()
        if self._serving is not None and not self._serving.done():
            loop.call_later(_SWEEP_S, self._sweep, loop)
