"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

_POLL_S = 0.1


def wait_until(condition: Callable[[], T | None], what: str, timeout_s: float = 60.0) -> T:
    """The first truthy answer of ``condition``. Raises TimeoutError naming ``what``."""
    deadline = time.monotonic() + timeout_s
    pause = Event()
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s")
        pause.wait(_POLL_S)


async def wait_for(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """The same for what happens in this event loop. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)
