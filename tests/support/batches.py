"""A stage that a test holds and lets go, and clients that wait for its batches."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf

from app.serving.coalescer import Coalescer

PATIENCE_S = 5
"""How long a test waits for what should happen at once."""


@dataclass
class Batch:
    """A batch under way, which the test ends."""

    rows: list[int]
    deadline: float
    end: "asyncio.Future[None]"

    def release(self) -> None:
        self.end.set_result(None)


@dataclass
class Stage:
    """Answers a batch with its rows, once the test lets it."""

    started: "asyncio.Queue[Batch]" = field(default_factory=asyncio.Queue)

    async def __call__(self, rows: list[int], deadline: float) -> list[int]:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.started.put_nowait(Batch(list(rows), deadline, end))
        await end
        return rows

    async def next(self) -> Batch:
        return await asyncio.wait_for(self.started.get(), PATIENCE_S)

    @property
    def idle(self) -> bool:
        return self.started.empty()


def coalescer(
    run: Callable[[list[int], float], Awaitable[list[int]]],
    *,
    max_rows: int = 4,
    in_flight: int = 1,
    max_queued_rows: int = 100,
    max_wait_s: float = inf,
    stuck_s: float = inf,
) -> Coalescer[int, list[int]]:
    return Coalescer(
        run,
        max_rows=max_rows,
        in_flight=in_flight,
        max_queued_rows=max_queued_rows,
        max_wait_s=max_wait_s,
        stuck_s=stuck_s,
    )


def ask(
    queue: Coalescer[int, list[int]], *rows: int, deadline: float = inf
) -> "asyncio.Task[list[int]]":
    """A client that submits rows and takes those rows of its batch."""

    async def client() -> list[int]:
        async with asyncio.timeout(PATIENCE_S):
            batch, start = await queue.submit(list(rows), deadline)
        return batch[start : start + len(rows)]

    return asyncio.create_task(client())
