"""Calls in a thread, each in limited time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from deployments.features.store.worker import Worker

T = TypeVar("T")


class Overdue(TimeoutError):
    """A call was left behind."""


class LimitedCalls(Generic[T]):
    """Runs calls in a thread, one at a time.

    One that does not end in time is left behind in its thread, and the next is given another.
    ``late`` gets what such a one returns after all, in the event loop.
    """

    def __init__(self, name: str, late: Callable[[Future[T]], None]) -> None:
        self._name = name
        self._late = late
        self._worker: Worker[T] = Worker(name)
        self._left: list[Worker[T]] = []

    @property
    def left(self) -> int:
        """How many threads are still in calls that were left behind."""
        self._left = [one for one in self._left if one.alive]
        return len(self._left)

    def run(self, call: Callable[[], T], limit_s: float) -> "asyncio.Future[T]":
        """What ``call`` returns or raises, or Overdue after ``limit_s``. Not to be awaited
        unshielded: whoever goes away must not take it from others."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[T] = loop.create_future()
        running = self._worker.submit(call)

        def returned() -> None:
            overdue.cancel()
            if ended.done():
                self._late(running)
            elif (failure := running.exception()) is not None:
                ended.set_exception(failure)
            else:
                ended.set_result(running.result())

        def leave() -> None:
            self._worker.leave()
            self._left.append(self._worker)
            self._worker = Worker(self._name)
            ended.set_exception(Overdue(f"no answer within {limit_s:g} s"))

        overdue = loop.call_later(limit_s, leave)
        running.add_done_callback(lambda _: _tell(loop, returned))
        return ended


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:  # the loop has been closed: nobody is there to be told
        if not loop.is_closed():
            raise
