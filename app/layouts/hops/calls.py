"""A batch on its way to a replica, which Serve's router chooses."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context, ContextVar
from time import monotonic
from typing import Any

from app.layouts.hops.usual import Limits

# Woken later than this, it was this process that stood still: answers may be waiting for it.
_STALLED_S = 0.05

_current: ContextVar["Call"] = ContextVar("call")


class Call:
    """A batch that was sent. It is not cancelled, however late it is: its answer is what tells that
    the replica lives.

    ``replica`` is the one that has it, None until the router has chosen one; ``late`` and ``hung``
    say which of ``limits`` have passed since. ``changed`` is called at each, and at the end.
    """

    def __init__(
        self, send: Callable[[], Awaitable[Any]], limits: Limits, changed: Callable[["Call"], None]
    ) -> None:
        self.limits = limits
        self.replica: Hashable = None
        self.late = self.hung = False
        self._changed = changed
        self._since = monotonic()
        self._loop = asyncio.get_running_loop()
        self._wake(limits.suspect_s)
        # In a context of its own, which the router's work for this call inherits.
        self.answer: asyncio.Task[Any] = Context().run(self._start, send)
        self.answer.add_done_callback(self._ended)

    @property
    def seconds(self) -> float:
        """How long the replica has had it, or the router where none has it."""
        return monotonic() - self._since

    def sent(self, replica: Hashable) -> None:
        """The router has sent it there, once more maybe; in a thread of its own, maybe."""
        if replica != self.replica:
            self.replica, self._since = replica, monotonic()

    def _start(self, send: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
        _current.set(self)
        return self._loop.create_task(_answer(send))

    def _wake(self, seconds: float) -> None:
        self._due = monotonic() + seconds
        self._timer = self._loop.call_later(seconds, self._judge)

    def _judge(self) -> None:
        stalled_s = monotonic() - self._due
        if stalled_s > _STALLED_S:
            self._since += stalled_s
        left_s = (self.limits.hung_s if self.late else self.limits.suspect_s) - self.seconds
        if left_s > 0:
            self._wake(left_s)
        elif not self.late:
            self.late = True
            self._wake(self.limits.hung_s - self.seconds)
            self._changed(self)
        else:
            self.hung = True
            self._changed(self)

    def _ended(self, answer: asyncio.Task[Any]) -> None:
        self._timer.cancel()
        if not answer.cancelled():
            answer.exception()  # of one that is left behind nobody else asks for it
        self._changed(self)


async def _answer(send: Callable[[], Awaitable[Any]]) -> Any:
    return await send()


def sent(replica: Hashable) -> None:
    """Tell the call for which this is done, if it is for one."""
    if call := _current.get(None):
        call.sent(replica)
