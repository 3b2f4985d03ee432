"""Gives each request its deadline, and ends it there."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from app.serving.errors import ErrorCode, InvalidRequest, TimedOut

HEADER = "x-request-timeout-ms"
"""In which a client says how long it will wait."""
_NAME = HEADER.encode()
_DIGITS = 9  # eleven days
_SWEEP_S = 0.25


class TimeLimit:
    """Puts ``scope["state"]["deadline"]`` (of the event loop's clock) into each HTTP request, and
    raises TimedOut there. It is ``limit_s`` seconds ahead, the body's arrival included, or what the
    client asks for where that is less.

    One sweep over the oldest serves all requests that ask for nothing: a timer for each would cost
    as much as decoding it.
    """

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s
        self._started: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._sweeping = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        asked = asked_s(scope)
        if asked is None or asked >= self._limit_s:
            limit_s, timer = self._limit_s, None
            self._started[task] = now
            if not self._sweeping:
                self._sweeping = True
                loop.call_later(_SWEEP_S, self._sweep, loop)
        else:
            limit_s, timer = asked, loop.call_later(asked, self._expire, task)
        scope.setdefault("state", {})["deadline"] = now + limit_s
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # Cancelled by another as well, it is theirs to handle.
            if task in self._expired and task.uncancel() == 0:
                raise TimedOut(f"no answer within {limit_s:g} s") from None
            raise
        finally:
            if timer:
                timer.cancel()
            self._started.pop(task, None)
            self._expired.discard(task)

    def _expire(self, task: asyncio.Task[object]) -> None:
        self._expired.add(task)
        task.cancel()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        late = loop.time() - self._limit_s
        for task, started in self._started.items():  # oldest first
            if started > late:
                break
            if task not in self._expired:
                self._expire(task)
        self._sweeping = bool(self._started)
        if self._sweeping:
            loop.call_later(_SWEEP_S, self._sweep, loop)


def asked_s(scope: Scope) -> float | None:
    """The time that a client gives, in seconds, if it says. Raises InvalidRequest."""
    for name, value in scope["headers"]:
        if name == _NAME:
            if not value.isdigit() or len(value) > _DIGITS or int(value) == 0:
                raise InvalidRequest(
                    ErrorCode.INVALID_FIELD,
                    f"{HEADER} must be a whole number of milliseconds, 1 or more",
                    HEADER,
                )
            return int(value) / 1000
    return None
