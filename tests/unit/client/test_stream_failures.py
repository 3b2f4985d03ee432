"""Streams of both clients over servers that fail in every way."""

import asyncio
import threading
import time
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.support.wait import wait_for
from tests.unit.client.conftest import Opened
from tests.unit.client.servers import hangs, nowhere, raw
from tests.unit.client.streamers import (
    Row,
    Streamer,
    all_answered,
    answer,
    kill,
    listening,
    numbered,
    refuse,
    streamer,
)
from windsock import InvalidRequest, RowError, Unavailable, Unreachable


async def test_after_a_restart_the_stream_goes_on(opened: Opened) -> None:
    async def restarts(app: Streamer, connection: ServerConnection, row: Row) -> None:
        await answer(app, connection, row)
        if len(app.rows) % 50 == 0:
            await connection.close(1012, "reconnect")

    async with streamer(restarts) as server, opened(server.url) as client:
        all_answered(await client.stream(numbered(500)), 500)
        assert client.client.endpoint == server.url
    assert len(server.handshakes) > 5


async def test_what_a_lost_connection_held_is_sent_again(opened: Opened) -> None:
    async def loses(app: Streamer, connection: ServerConnection, row: Row) -> None:
        if len(app.rows) % 70 == 69:
            connection.transport.abort()
        elif row["id"] % 3 or len(app.rows) > 300:  # every third row is forgotten for now
            await answer(app, connection, row)

    async with streamer(loses) as server, opened(server.url, window=64) as client:
        all_answered(await client.stream(numbered(300)), 300)
    assert len(server.handshakes) > 3
    assert len(server.ids) > len(set(server.ids)) == 300


async def test_the_next_endpoint_takes_over_and_gives_back(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windsock.streams._STAY_S", 0.1)
    over = threading.Event()
    async with streamer() as second:
        first = Streamer(answer)
        async with (
            listening(first) as server,
            opened([first.url, second.url], check_interval=0.02) as client,
        ):
            running = asyncio.create_task(client.stream(client.paced(over)))
            await wait_for(lambda: len(first.rows) >= 100)
            await kill(server)
            await wait_for(lambda: len(second.rows) >= 100)
            assert client.client.endpoint == second.url
            before = len(first.rows)
            async with listening(first, int(first.url.rpartition(":")[2])):
                await wait_for(lambda: len(first.rows) >= before + 100)
                over.set()
                found = await running
                assert client.client.endpoint == first.url
    all_answered(found, len(found))


async def test_a_server_that_is_killed_costs_no_row(opened: Opened) -> None:
    async with streamer() as second:
        first = Streamer(answer)
        async with listening(first) as server, opened([first.url, second.url]) as client:
            running = asyncio.create_task(client.stream(numbered(2000)))
            await wait_for(lambda: len(first.rows) >= 300)
            await kill(server)
            all_answered(await running, 2000)
    assert len(second.rows) > 0


async def test_overloaded_rows_come_again_when_they_may_and_new_ones_wait(opened: Opened) -> None:
    refused_at = 0.0
    early: list[int] = []

    async def busy(app: Streamer, connection: ServerConnection, row: Row) -> None:
        nonlocal refused_at
        if row["id"] == 20 and not refused_at:
            refused_at = time.monotonic()
            await refuse(connection, row, "overloaded", retry_after_s=0.3)
            return
        # What was on its way when it was refused, at most a window, is read after it.
        if (row["id"] == 20 or row["id"] >= 28) and time.monotonic() < refused_at + 0.3:
            early.append(row["id"])
        await answer(app, connection, row)

    async with streamer(busy) as server, opened(server.url, window=8) as client:
        all_answered(await client.stream(numbered(60)), 60)
    assert early == []
    assert server.ids.count(20) == 2
    assert len(server.ids) == 61


async def test_an_overload_that_lasts_is_the_rows_error(opened: Opened) -> None:
    async def busy(app: Streamer, connection: ServerConnection, row: Row) -> None:
        await refuse(connection, row, "overloaded", retry_after_s=0.1)

    async with streamer(busy) as server, opened(server.url) as client:
        found = await client.stream(numbered(5), timeout=0.35)

    assert [given.code for _, given in found] == ["overloaded"] * 5
    assert len(server.rows) >= 15


async def test_a_row_that_is_forgotten_has_that_for_an_error(opened: Opened) -> None:
    async def forgets(app: Streamer, connection: ServerConnection, row: Row) -> None:
        if row["id"] != 7:
            await answer(app, connection, row)

    async with streamer(forgets) as server, opened(server.url) as client:
        found = await client.stream(numbered(20), timeout=0.3)

    errors = [(row["n"], given.code) for row, given in found if isinstance(given, RowError)]
    assert errors == [(7, "timed_out")]
    assert len(found) == 20


async def test_a_server_that_hangs_is_left_for_another(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("windsock.window._SILENCE_S", 0.1)
    monkeypatch.setattr("windsock.endpoints._PATIENCE_S", 0.1)

    async def hung(app: Streamer, connection: ServerConnection, row: Row) -> None:
        if row["id"] >= 10:
            await connection.wait_closed()
        await answer(app, connection, row)

    async with (
        streamer(hung, ready=False) as first,
        streamer() as second,
        opened([first.url, second.url], window=16) as client,
    ):
        all_answered(await client.stream(numbered(50), timeout=1.0), 50)
        assert client.client.endpoint == second.url


async def test_a_server_that_takes_no_handshake_is_left_for_another(opened: Opened) -> None:
    async with (
        raw(hangs) as first,
        streamer() as second,
        opened([first, second.url], connect_timeout=0.2) as client,
    ):
        all_answered(await client.stream(numbered(5)), 5)


async def test_a_server_that_ends_every_connection_is_left_for_another(opened: Opened) -> None:
    async def ends(app: Streamer, connection: ServerConnection, row: Row) -> None:
        connection.transport.abort()

    async with (
        streamer(ends) as first,
        streamer() as second,
        opened([first.url, second.url]) as client,
    ):
        all_answered(await client.stream(numbered(5)), 5)
    assert len(first.handshakes) == 1


async def test_nobody_there_is_raised_at_the_deadline(opened: Opened) -> None:
    async with opened([nowhere(), nowhere()]) as client:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            await client.stream(numbered(5), timeout=0.3)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize(("status", "kind"), [(404, InvalidRequest), (503, Unavailable)])
async def test_a_refused_handshake_is_raised(opened: Opened, status: int, kind: Any) -> None:
    async with streamer(status=status) as server, opened(server.url) as client:
        with pytest.raises(kind) as raised:
            await client.stream(numbered(5), timeout=0.3)
    assert raised.value.endpoint == server.url
    assert (len(server.handshakes) == 1) == (status == 404)


async def test_a_message_of_another_protocol_is_raised(opened: Opened) -> None:
    async def other(app: Streamer, connection: ServerConnection, row: Row) -> None:
        await connection.send("hello")

    async with streamer(other) as server, opened(server.url) as client:
        with pytest.raises(Unavailable, match="Windsock"):
            await client.stream(numbered(5))


async def test_a_connection_that_was_closed_while_idle_is_opened_again(opened: Opened) -> None:
    async def one_each(app: Streamer, connection: ServerConnection, row: Row) -> None:
        await answer(app, connection, row)
        await connection.close(1000, "no row in a while")

    async with streamer(one_each) as server, opened(server.url, window=1) as client:
        all_answered(await client.stream(numbered(5)), 5)
    assert len(server.handshakes) == 5
