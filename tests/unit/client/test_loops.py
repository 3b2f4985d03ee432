"""A client of each kind, in whatever event loop and thread it is used."""

import asyncio
import copy
import pickle
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import uvloop

from tests.support.manifests import EXAMPLE
from tests.unit.client.conftest import Opened
from tests.unit.client.servers import Reply, nowhere, raw, service
from tests.unit.client.streamers import numbered, streamer
from windsock import AsyncWindsock, Misused, Windsock

BATCH = [EXAMPLE | {"weight": weight} for weight in range(120)]


async def _costs(client: AsyncWindsock, first: int, count: int = 30) -> list[Any]:
    rows = (EXAMPLE | {"weight": first + n} for n in range(count))
    found = await asyncio.gather(*(client.predict(row) for row in rows))
    return [one.outputs["cost"] for one in found]


def _expected(first: int, count: int = 30) -> list[int]:
    return [2 * (first + n) for n in range(count)]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_one_loop_after_the_other(edge_url: str, new_loop: Any) -> None:
    client = AsyncWindsock(edge_url)
    for first in (0, 100, 200):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            assert runner.run(_costs(client, first)) == _expected(first)
            assert len(runner.run(client.predict_batch(BATCH))) == len(BATCH)


def test_a_loop_that_ends_closes_its_connections() -> None:
    ended: list[bool] = []

    async def serve(ready: asyncio.Future[str], over: asyncio.Event) -> None:
        async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(
                        Reply(200, {"status": "ok", "model": None, "problem": None}).encoded()
                    )
            ended.append(True)

        async with raw(answers) as url:
            ready.set_result(url)
            await over.wait()

    with asyncio.Runner() as server, ThreadPoolExecutor(1) as threads:
        loop = server.get_loop()
        ready, over = loop.create_future(), asyncio.Event()
        running = loop.create_task(serve(ready, over))
        url = loop.run_until_complete(ready)
        client = AsyncWindsock(url)
        asked = loop.run_in_executor(threads, asyncio.run, client.health())
        loop.run_until_complete(asked)
        loop.run_until_complete(asyncio.sleep(0))
        over.set()
        loop.run_until_complete(running)
    assert ended == [True]


def test_two_loops_at_once(edge_url: str) -> None:
    client = AsyncWindsock(edge_url, connections=3)

    def run(first: int) -> list[Any]:
        async def calls() -> list[Any]:
            return [one for part in range(5) for one in await _costs(client, first + 30 * part)]

        return asyncio.run(calls())

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(run, range(0, 800, 200)))
    assert found == [_expected(first, 150) for first in range(0, 800, 200)]


def test_many_threads(edge_url: str) -> None:
    with Windsock(edge_url, connections=8) as client, ThreadPoolExecutor(32) as threads:
        found = threads.map(lambda n: client.predict(EXAMPLE | {"weight": n}), range(900))
        assert [one.outputs["cost"] for one in found] == _expected(0, 900)


def test_a_health_check_does_not_outlive_its_loop() -> None:
    """An endpoint that is down in one loop is asked about again in the next."""

    async def fails_over(client: AsyncWindsock, good: str) -> None:
        await client.predict(a=1)
        assert client.endpoint == good

    async def run() -> None:
        async with service() as good:
            client = AsyncWindsock([nowhere(), good.url], check_interval=0.01)
            await fails_over(client, good.url)
            await asyncio.to_thread(asyncio.run, fails_over(client, good.url))
            await client.aclose()

    asyncio.run(run())


async def test_after_its_end_a_client_says_so(opened: Opened) -> None:
    async with service() as server:
        async with opened(server.url) as client:
            await client.predict(a=1)
        for call in (client.predict(a=1), client.health(), client.predict_batch([{"a": 1}])):
            with pytest.raises(Misused, match="the client has been closed"):
                await call
        with pytest.raises(Misused, match="the client has been closed"):
            await client.stream(numbered(3))
    assert len(server.seen) == 1


async def test_a_client_may_be_closed_twice(opened: Opened) -> None:
    async with opened(nowhere()) as client:
        if isinstance(client.client, AsyncWindsock):
            await client.client.aclose()
        else:
            client.client.close()


async def test_an_end_in_one_loop_is_one_in_all() -> None:
    async with service() as server:
        client = AsyncWindsock(server.url)
        await client.predict(a=1)
        await asyncio.to_thread(asyncio.run, client.aclose())
        with pytest.raises(Misused):
            await client.predict(a=1)


async def test_a_stream_belongs_to_its_loop() -> None:
    async with streamer() as server, AsyncWindsock(server.url) as client:
        answers = client.stream(numbered(5))
        first = await anext(answers)

        async def elsewhere() -> Any:
            return await anext(answers)

        with pytest.raises(Misused, match="one event loop"):
            await asyncio.to_thread(asyncio.run, elsewhere())
        found = [first, *[one async for one in answers]]
    assert sorted(row["n"] for row, _ in found) == list(range(5))


def test_a_stream_does_not_seem_to_end_with_its_loop() -> None:
    client = AsyncWindsock(nowhere())

    async def rows() -> AsyncIterator[dict[str, int]]:
        while True:
            yield {"n": 1}
            await asyncio.sleep(0)

    async def read(answers: Any) -> None:
        async with asyncio.timeout(0.05):
            await anext(answers)

    answers = client.stream(rows())
    with pytest.raises(TimeoutError):
        asyncio.run(read(answers))
    with pytest.raises(Misused):
        asyncio.run(read(answers))


async def test_threads_take_turns_at_a_stream() -> None:
    async with streamer() as server:

        def read() -> list[Any]:
            with Windsock(server.url) as client, ThreadPoolExecutor(4) as threads:
                answers = client.stream(numbered(400))
                parts = threads.map(lambda _: list(answers), range(4))
                return [one for part in parts for one in part]

        found = await asyncio.to_thread(read)
    assert sorted(row["n"] for row, _ in found) == list(range(400))


async def test_tasks_take_turns_at_a_stream() -> None:
    async with streamer() as server, AsyncWindsock(server.url) as client:
        answers = client.stream(numbered(400))

        async def read() -> list[Any]:
            return [one async for one in answers]

        parts = await asyncio.gather(*(read() for _ in range(4)))
    assert sorted(row["n"] for part in parts for row, _ in part) == list(range(400))


@pytest.mark.parametrize("copied", [lambda one: pickle.loads(pickle.dumps(one)), copy.deepcopy])
def test_a_pickle_is_a_client_of_its_own(edge_url: str, copied: Any) -> None:
    with Windsock(edge_url, headers={"x-from": "here"}, window=7) as client:
        client.predict(EXAMPLE)
        other = copied(client)
        client.close()
        assert other.predict(EXAMPLE).outputs["cost"] == 500
        other.close()

    elsewhere = copied(AsyncWindsock([edge_url, "http://127.0.0.1:9"]))
    assert asyncio.run(_costs(elsewhere, 3)) == _expected(3)


async def test_one_with_an_ssl_context_is_not_pickled_and_says_so(opened: Opened) -> None:
    async with opened(nowhere()) as client:
        with pytest.raises(Misused, match="SSLContext cannot be pickled"):
            pickle.dumps(client.client)
