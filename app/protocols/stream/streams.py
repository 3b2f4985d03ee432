"""``WebSocket /predict/stream``: rows as they come, each answered as soon as it is ready."""

import asyncio
from functools import partial

from starlette.status import (
    WS_1000_NORMAL_CLOSURE,
    WS_1008_POLICY_VIOLATION,
    WS_1012_SERVICE_RESTART,
)

from app.config import Limits, StreamSettings
from app.edge.account import Serving
from app.edge.dispatch import serving_for
from app.edge.guards import NO_GUARDS, Guards
from app.edge.websocket import SocketCall
from app.protocols.stream.messages import Messages
from app.protocols.stream.read_ahead import ReadAhead
from app.protocols.stream.session import Session
from app.ray_private.unbounded import is_unbounded
from app.serving.contract import Contract
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from deployments.metrics.catalogue.requests import STREAM_ROWS, STREAMS
from deployments.metrics.series import COUNTS

_AGAIN = "reconnect, and send again what was not answered"
_SWEEP_S = 1.0
_POLL_S = 0.02


class Streams:
    """All streams of a replica. Rows of every one of them join the same micro-batches as those of
    other protocols, and go by the version that serves when they come."""

    def __init__(
        self,
        dataplane: Dataplane,
        limits: Limits,
        settings: StreamSettings,
        guards: Guards = NO_GUARDS,
    ) -> None:
        self._authenticator = guards.authenticator
        self._dataplane = dataplane
        self._limits = limits
        self._settings = settings
        self._sessions: set[Session] = set()
        self._form: tuple[Contract, Messages] | None = None
        self._sweeping = False
        self._closing = False

    @property
    def rows(self) -> int:
        """Rows under way on all streams."""
        return sum(session.under_way for session in self._sessions)

    async def serve(self, call: SocketCall, _: Serving) -> None:
        """Serve one socket. Raises InvalidRequest or Unavailable before it is accepted."""
        if self._closing:
            raise Unavailable("this replica is about to stop: connect again")
        values = call.options.values
        await call.accept()
        receive, ahead = call.receive, None
        if is_unbounded(receive):
            receive = ahead = ReadAhead(receive, self._limits.max_body_bytes)
        session = Session(
            partial(self._current, call),
            self._settings,
            call.options,
            receive,
            call.send,
            values=values,
        )
        self._sessions.add(session)
        if not self._sweeping:
            self._sweep(asyncio.get_running_loop())
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            if ahead is not None:
                ahead.stop()

    async def close(self) -> None:
        """Take no more, answer what was read, and have every client connect elsewhere."""
        self._closing = True
        while self._sessions:  # some may just be opening; the sweep cuts those that take too long
            for session in self._sessions:
                session.end(WS_1012_SERVICE_RESTART, f"this replica is about to stop: {_AGAIN}")
            await asyncio.sleep(_POLL_S)

    def tell(self) -> None:
        """Set what metrics say of the streams that are open."""
        COUNTS.gauge(STREAMS)[()].set(len(self._sessions))
        COUNTS.gauge(STREAM_ROWS)[()].set(self.rows)

    def _current(self, call: SocketCall) -> tuple[Serving, Messages]:
        serving = serving_for(self._dataplane, call)
        if self._form is None or self._form[0] is not serving.contract:
            self._form = serving.contract, Messages(serving.contract)
        return serving, self._form[1]

    def _holds(self, session: Session) -> bool:
        authenticator, principal = self._authenticator, session.principal
        return authenticator is None or principal is None or authenticator.holds(principal)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Once a second, for all of them: a timer for each would have to be set for each row."""
        now = loop.time()
        settings = self._settings
        for session in self._sessions:
            if now - session.ended > settings.close_s:
                session.cut()
            elif not self._holds(session):
                session.end(WS_1008_POLICY_VIOLATION, "what this client has shown counts no longer")
            elif now - session.started > settings.age_s:
                session.end(WS_1012_SERVICE_RESTART, f"this connection is old: {_AGAIN}")
            elif now - session.heard > settings.idle_s and not session.under_way:
                session.end(WS_1000_NORMAL_CLOSURE, f"no row in {settings.idle_s:g} s")
        self._sweeping = bool(self._sessions)
        if self._sweeping:
            loop.call_later(_SWEEP_S, self._sweep, loop)
