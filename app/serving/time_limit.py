"""Work that may take until a deadline."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from app.serving.errors import TimedOut

T = TypeVar("T")


async def within(deadline: float, work: Awaitable[T], why: str) -> T:
    """What the work gives. Raises TimedOut with this reason at ``deadline`` (of the event loop's
    clock), where the work is cancelled."""
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise TimedOut(why) from None
