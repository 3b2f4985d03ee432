"""Ends a request that takes too long."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import TimedOut

_SWEEP_S = 0.25


class TimeLimit:
    """Raises TimedOut in an HTTP request after ``limit_s`` seconds, its body's arrival included.

    One sweep over the oldest serves all requests: a timer for each would cost as much as decoding
    it.
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
        self._started[task] = loop.time()
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(_SWEEP_S, self._sweep, loop)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # Cancelled by another as well, it is theirs to handle.
            if task in self._expired and task.uncancel() == 0:
                raise TimedOut(f"no answer within {self._limit_s:g} s") from None
            raise
        finally:
            del self._started[task]
            self._expired.discard(task)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        late = loop.time() - self._limit_s
        for task, started in self._started.items():  # oldest first
            if started > late:
                break
            if task not in self._expired:
                self._expired.add(task)
                task.cancel()
        self._sweeping = bool(self._started)
        if self._sweeping:
            loop.call_later(_SWEEP_S, self._sweep, loop)
