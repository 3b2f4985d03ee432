import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from app.serving.coalescer import Coalescer
from app.serving.errors import Overloaded, Unavailable


@dataclass(frozen=True)
class Client:
    """Submits ``rows`` rows after ``turns`` turns of the loop, and may leave before its answer."""

    turns: int
    rows: int
    leaves_after: int | None


@dataclass
class Stage:
    """Answers after some turns of the loop, fails now and then, and keeps count."""

    turns: list[int]
    failures: set[int]
    running: int = 0
    most_running: int = 0
    batches: list[list[tuple[int, int]]] = field(default_factory=list)

    async def __call__(self, rows: list[tuple[int, int]], deadline: float) -> list[tuple[int, int]]:
        place = len(self.batches)
        self.batches.append(rows)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await turns(self.turns[place % len(self.turns)])
            if place in self.failures:
                raise ValueError
            return rows
        finally:
            self.running -= 1


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


clients = st.builds(
    Client,
    turns=st.integers(0, 12),
    rows=st.integers(1, 5),
    leaves_after=st.none() | st.integers(0, 12),
)
stages = st.builds(
    Stage,
    turns=st.lists(st.integers(0, 5), min_size=1, max_size=4),
    failures=st.sets(st.integers(0, 10), max_size=3),
)


@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(
    st.lists(clients, min_size=1, max_size=25),
    stages,
    st.integers(1, 3),
    st.sampled_from([5, 1000]),
)
async def test_whoever_comes_and_goes_each_client_gets_its_own_rows(
    arrivals: list[Client], stage: Stage, in_flight: int, max_queued_rows: int
) -> None:
    max_rows = 5
    queue: Coalescer[tuple[int, int], list[tuple[int, int]]] = Coalescer(
        stage, max_rows=max_rows, in_flight=in_flight, max_queued_rows=max_queued_rows
    )
    submitted: list[int] = []

    async def visit(number: int, client: Client) -> None:
        await turns(client.turns)
        rows = [(number, row) for row in range(client.rows)]
        submitted.append(number)
        try:
            answer = queue.submit(rows)
            if client.leaves_after is not None:
                await turns(client.leaves_after)
                answer.cancel()
            batch, start = await answer
        except (Unavailable, Overloaded, asyncio.CancelledError):
            return
        assert batch[start : start + client.rows] == rows

    await asyncio.wait_for(
        asyncio.gather(*(visit(number, client) for number, client in enumerate(arrivals))), 5
    )
    while stage.running:
        await asyncio.sleep(0)

    assert stage.most_running <= in_flight
    assert all(0 < len(batch) <= max_rows for batch in stage.batches)
    served = list(dict.fromkeys(number for batch in stage.batches for number, _ in batch))
    assert served == [number for number in submitted if number in set(served)]
    stage.failures.clear()
    assert await asyncio.wait_for(queue.submit([(-1, 0)]), 5) == ([(-1, 0)], 0)
