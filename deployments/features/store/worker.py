"""A thread for calls that may never return."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")

_Call = tuple[Callable[[], T], "Future[T]"]


class Worker(Generic[T]):
    """Runs calls in turn, in a thread of its own.

    One that is stuck in a call can be left: it ends when that call does, and keeps neither the
    process nor anybody in it waiting, as a thread of an executor would.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[_Call[T] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Run it after those before it."""
        future: Future[T] = Future()
        self._calls.put((call, future))
        return future

    def leave(self) -> None:
        """End after the calls that were submitted."""
        self._calls.put(None)

    def _run(self) -> None:
        while (submitted := self._calls.get()) is not None:
            call, future = submitted
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = call()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(answer)
