"""Calls that are cancelled, by their caller or their deadline: the client is as good as before."""

import asyncio
from contextlib import suppress

import pytest

from tests.support.manifests import EXAMPLE
from tests.unit.client.servers import Reply, service
from windsock import AsyncWindsock, DeadlineExceeded, Windsock


async def test_wherever_it_is_cancelled_others_are_answered(edge_url: str) -> None:
    async with AsyncWindsock(edge_url, connections=1, timeout=2) as client:
        for turns in range(80):
            calls = [
                asyncio.create_task(client.predict(EXAMPLE | {"weight": 100 + n})) for n in range(3)
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            for call in calls[:2]:
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call
            assert (await calls[2]).outputs["cost"] == 204, turns


async def test_none_is_lost_by_deadlines(edge_url: str) -> None:
    async with AsyncWindsock(edge_url, connections=1, timeout=2) as client:
        for turn in range(100):
            with suppress(DeadlineExceeded):
                await client.predict(EXAMPLE, timeout=0.0001 * (1 + turn))
        assert (await client.predict(EXAMPLE | {"weight": 7})).outputs["cost"] == 14


async def test_one_that_is_interrupted_leaves_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    async with service(Reply()) as server:
        with Windsock(server.url, connections=1, timeout=2) as client:
            await asyncio.to_thread(client.predict, a=1)
            connections = client._pool._connections[client._endpoints.preferred]
            with monkeypatch.context() as patch:
                patch.setattr("windsock.sync_pool.Question.at", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    client.predict(a=1)
            assert not connections._idle
            await asyncio.to_thread(client.predict, a=1)
