"""Streams of both clients over real WebSockets: rows, answers and the window."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.support.wait import wait_for
from tests.unit.client.conftest import Opened
from tests.unit.client.servers import nowhere
from tests.unit.client.streamers import (
    Row,
    Streamer,
    all_answered,
    answer,
    numbered,
    refuse,
    streamer,
)
from windsock import AsyncWindsock, RowError, Windsock


async def test_each_row_comes_back_with_its_answer(opened: Opened) -> None:
    rows = numbered(1000)
    async with streamer() as server, opened(server.url) as client:
        found = await client.stream(rows)

    all_answered(found, 1000)
    assert all(any(row is one for one in rows[row["n"] :][:1]) for row, _ in found)
    assert server.handshakes[0].path == "/predict/stream"
    assert len(server.handshakes) == 1
    assert server.ids == list(range(1000))


async def test_answers_come_in_any_order(opened: Opened) -> None:
    held: list[Row] = []

    async def backwards(app: Streamer, connection: ServerConnection, row: Row) -> None:
        held.append(row)
        while len(held) >= 10:
            await answer(app, connection, held.pop())
            if len(app.rows) < 100:
                break
        if len(app.rows) == 100:
            while held:
                await answer(app, connection, held.pop())

    async with streamer(backwards) as server, opened(server.url) as client:
        found = await client.stream(numbered(100))

    all_answered(found, 100)
    assert [row["n"] for row, _ in found] != list(range(100))


async def test_no_more_rows_are_under_way_than_the_window_holds(opened: Opened) -> None:
    held: list[Row] = []
    most = 0

    async def in_eights(app: Streamer, connection: ServerConnection, row: Row) -> None:
        nonlocal most
        held.append(row)
        most = max(most, len(held))
        if len(held) == 8:
            for one in held:
                await answer(app, connection, one)
            held.clear()

    async with streamer(in_eights) as server, opened(server.url, window=8) as client:
        all_answered(await client.stream(numbered(80)), 80)
    assert most == 8


async def test_an_answer_does_not_wait_for_the_next_row() -> None:
    answered = threading.Event()
    found: list[int] = []

    def slowly() -> Iterator[Row]:
        yield {"n": 0}
        assert answered.wait(10)
        yield {"n": 1}

    def run() -> None:
        with Windsock(server.url) as client:
            for row, _ in client.stream(slowly()):
                found.append(row["n"])
                answered.set()

    async with streamer() as server:
        await asyncio.to_thread(run)
    assert found == [0, 1]


async def test_an_asynchronous_source_is_read_beside_the_answers() -> None:
    answered = asyncio.Event()

    async def slowly() -> AsyncIterator[Row]:
        yield {"n": 0}
        await answered.wait()
        yield {"n": 1}

    found = []
    async with streamer() as server, AsyncWindsock(server.url) as client:
        async for row, _ in client.stream(slowly()):
            found.append(row["n"])
            answered.set()
    assert found == [0, 1]


async def test_a_row_may_be_anything_of_which_fields_can_be_told(opened: Opened) -> None:
    messages = [("offset", n) for n in range(5)]

    async with streamer() as server, opened(server.url) as client:
        found = await client.stream(messages, lambda message: {"n": message[1]})

    assert {row: given.outputs["n"] for row, given in found} == {one: one[1] for one in messages}


async def test_a_bad_row_has_its_error_and_the_others_their_answers(opened: Opened) -> None:
    async def picky(app: Streamer, connection: ServerConnection, row: Row) -> None:
        if row["instance"]["n"] == 3:
            await refuse(connection, row, "out_of_range")
        else:
            await answer(app, connection, row)

    rows = [*numbered(6), {"n": float("nan")}]
    async with streamer(picky) as server, opened(server.url) as client:
        found = {id(row): given for row, given in await client.stream(rows)}

    assert len(found) == 7
    codes = [getattr(found[id(row)], "code", None) for row in rows]
    assert codes == [None, None, None, "out_of_range", None, None, "invalid_field"]


async def test_values_and_headers_are_asked_for_in_the_handshake(opened: Opened) -> None:
    async with streamer() as server, opened(server.url, headers={"x-team": "ops"}) as client:
        await client.stream(numbered(1), values=True)

    assert server.handshakes[0].path == "/predict/stream?values=true"
    assert server.handshakes[0].headers["x-team"] == "ops"
    assert server.handshakes[0].headers["user-agent"].startswith("windsock-client/")


async def test_no_rows_are_no_connection(opened: Opened) -> None:
    async with opened(nowhere()) as client:
        assert await client.stream([]) == []


async def test_a_row_that_is_too_large_costs_no_other(opened: Opened) -> None:
    rows = numbered(40)
    rows[17]["text"] = "x" * 3000

    async with streamer() as server, opened(server.url) as client:
        found = await client.stream(rows)

    errors = [(row["n"], given.code) for row, given in found if isinstance(given, RowError)]
    assert errors == [(17, "body_too_large")]
    assert len(found) == 40


async def test_what_the_source_raises_comes_after_the_answers_of_its_rows(opened: Opened) -> None:
    found: list[Row] = []

    async def keep(row: Row, _: Any) -> None:
        found.append(row)

    def broken() -> Iterator[Row]:
        yield from numbered(10)
        raise RuntimeError("the source is gone")

    async with streamer() as server, opened(server.url) as client:
        with pytest.raises(RuntimeError, match="gone"):
            await client.each(keep, broken())
    assert len(found) == 10


async def test_what_fields_raises_is_raised(opened: Opened) -> None:
    async with streamer() as server, opened(server.url) as client:
        with pytest.raises(ZeroDivisionError):
            await client.stream([1, 0], lambda n: {"n": 1 / n})


async def test_a_stream_that_is_left_leaves_nothing_behind() -> None:
    def endless() -> Iterator[Row]:
        n = 0
        while True:
            yield {"n": n}
            n += 1

    def take(count: int) -> None:
        with Windsock(server.url) as client:
            answers = client.stream(endless())
            for _ in range(count):
                next(answers)
            answers.close()  # type: ignore[attr-defined]

    async with streamer() as server:
        await asyncio.to_thread(take, 100)
        await wait_for(lambda: server.ended == 1)
        async with AsyncWindsock(server.url) as client:
            answers = client.stream(endless())
            for _ in range(100):
                await anext(answers)
            await answers.aclose()  # type: ignore[attr-defined]
        await wait_for(lambda: server.ended == 2)
        assert len(server.rows) < 2 * (100 + 512 + 64)
    assert not [one for one in threading.enumerate() if one.name.startswith("windsock")]
    assert len(asyncio.all_tasks()) == 1


async def test_a_reader_that_takes_its_time_misses_no_answer(opened: Opened) -> None:
    found: list[Any] = []

    async def slow(row: Row, given: Any) -> None:
        found.append((row, given))
        if len(found) == 6:
            await asyncio.sleep(0.4)

    async with streamer() as server, opened(server.url, timeout=0.15, window=4) as client:
        await client.each(slow, numbered(12))
    all_answered(found, 12)
