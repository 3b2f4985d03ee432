"""Gives each request its deadline, and ends it there."""

import asyncio
from typing import Any

from app.edge.layers import Call, Handler
from app.serving.errors import ErrorCode, TimedOut

_SWEEP_S = 0.25


class Deadline:
    """The layer that sets ``timeout_s`` and ``deadline`` of a call's options, and raises TimedOut
    there. It is ``limit_s`` seconds ahead, the body's arrival included, or what the client asks for
    where that is less. A long-lived call only gets to know its ``timeout_s``.

    One sweep over the oldest serves all requests that ask for nothing: a timer for each would cost
    as much as decoding it.
    """

    errors = (ErrorCode.INVALID_FIELD, ErrorCode.TIMED_OUT)

    def __init__(self, handler: Handler, limit_s: float) -> None:
        self._handler = handler
        self._limit_s = limit_s
        self._started: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._sweeping = False

    async def __call__(self, call: Call) -> Any:
        options = call.options
        limit_s, asked_s = self._limit_s, options.asked_s
        if asked_s is not None and asked_s < limit_s:
            limit_s = asked_s
        options.timeout_s = limit_s
        if call.long_lived:
            return await self._handler(call)
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        now = loop.time()
        options.deadline = now + limit_s
        timer = None
        if limit_s < self._limit_s:
            timer = loop.call_later(limit_s, self._expire, task)
        else:
            self._started[task] = now
            if not self._sweeping:
                self._sweeping = True
                loop.call_later(_SWEEP_S, self._sweep, loop)
        try:
            return await self._handler(call)
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
