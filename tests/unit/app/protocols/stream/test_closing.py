import asyncio
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from app.config import BatchSettings
from app.protocols.stream import streams as protocol
from tests.support.chains import weighing
from tests.support.manifests import EXAMPLE
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.stream.services import Door, service


async def test_what_a_client_leaves_behind_is_given_up(tmp_path: Path) -> None:
    door = Door()
    batching = BatchSettings(max_rows=1, in_flight=1)
    async with service(tmp_path, weighing(door), batching) as served:
        async with stream(served.url) as first:  # what belongs to the server alone
            await first.ask(1, EXAMPLE)
        await wait_for(lambda: not served.streams._sessions)
        before = asyncio.all_tasks()
        door.shut()
        async with stream(served.url) as client:
            for row_id in range(20):
                await client.send(row_id, EXAMPLE)
            await wait_for(lambda: served.streams.rows == 20)
            client.socket.transport.abort()
        await wait_for(lambda: served.streams.rows == 0)
        frames = len(door.frames)
        door.let.set()
        await wait_for(lambda: asyncio.all_tasks() == before)

    assert len(door.frames) == frames


async def test_it_is_closed_once_what_was_read_is_answered(tmp_path: Path) -> None:
    door = Door()
    async with service(tmp_path, weighing(door)) as served, stream(served.url) as client:
        door.shut()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: served.streams.rows == 1)
        closing = asyncio.create_task(served.streams.close())
        await asyncio.sleep(0)
        with pytest.raises(InvalidStatus) as refused:
            async with stream(served.url):
                pass
        assert refused.value.response.status_code == 503
        door.let.set()
        assert "outputs" in await client.answer()
        assert await client.ended() == (1012, _AGAIN.format(why="this replica is about to stop"))
        await closing


_AGAIN = "{why}: reconnect, and send again what was not answered"


async def test_a_row_that_takes_too_long_does_not_keep_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_SWEEP_S", 0.02)
    door = Door()
    async with (
        service(tmp_path, weighing(door), close_s=0.05) as served,
        stream(served.url) as client,
    ):
        door.shut()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: served.streams.rows == 1)
        async with asyncio.timeout(5):
            await served.streams.close()
        assert (await client.ended())[0] == 1012
        door.let.set()


@pytest.mark.parametrize(
    ("settings", "code", "reason"),
    [
        ({"idle_s": 0.05}, 1000, "no row in 0.05 s"),
        ({"age_s": 0.05}, 1012, _AGAIN.format(why="this connection is old")),
    ],
)
async def test_one_that_idles_or_is_old_is_closed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    code: int,
    reason: str,
) -> None:
    monkeypatch.setattr(protocol, "_SWEEP_S", 0.02)
    door = Door()
    async with (
        service(tmp_path, weighing(door), **settings) as served,
        stream(served.url) as client,
    ):
        door.shut()
        await client.send(1, EXAMPLE)
        await asyncio.sleep(0.2)
        assert client.socket.close_code is None, "something is under way"
        door.let.set()
        assert "outputs" in await client.answer()
        assert await client.ended() == (code, reason)
