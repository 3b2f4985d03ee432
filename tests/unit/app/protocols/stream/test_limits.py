import asyncio
import json
from pathlib import Path

import pytest
from starlette.types import Message

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits, StreamSettings
from app.protocols.stream.streams import Streams
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.stream.services import Door, service


@pytest.mark.parametrize(
    ("headers", "more"),
    [([], {"timeout_ms": 50}), ([("x-request-timeout-ms", "50")], {})],
    ids=["of the row", "of the connection"],
)
async def test_a_row_whose_time_is_over_holds_no_other(
    tmp_path: Path, headers: list[tuple[str, str]], more: dict[str, int]
) -> None:
    door = Door()
    async with (
        service(tmp_path, weighing(door), BatchSettings(max_rows=1)) as served,
        stream(served.url, headers=headers) as client,
    ):
        door.shut()
        await client.send("patient", EXAMPLE, timeout_ms=60_000 if more else 50)
        late = await client.ask("hasty", EXAMPLE, **more)
        if not more:
            assert late["id"] == "patient"
            late = await client.answer()
        door.let.set()
        assert (late["id"], late["error"]["code"]) == ("hasty", "timed_out")
        assert "outputs" in await client.ask("next", EXAMPLE, timeout_ms=60_000)


async def test_no_row_has_more_time_than_the_limit(tmp_path: Path) -> None:
    door = Door()
    async with (
        service(tmp_path, weighing(door), limits=Limits(timeout_s=0.1)) as served,
        stream(served.url, headers=[("x-request-timeout-ms", "60000")]) as client,
    ):
        door.shut()
        late = await client.ask("a", EXAMPLE, timeout_ms=60_000)
        door.let.set()

    assert late["error"]["code"] == "timed_out"


async def test_overload_says_when_to_try_again(tmp_path: Path) -> None:
    door = Door()
    batching = BatchSettings(max_rows=1, in_flight=1, max_queued_rows=1)
    async with service(tmp_path, weighing(door), batching) as served, stream(served.url) as client:
        door.shut()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: len(door.frames) == 1)
        await client.send(2, EXAMPLE)
        refused = await client.ask(3, EXAMPLE)
        door.let.set()
        answers = await client.answers(2)

    assert (refused["id"], refused["error"]["code"]) == (3, "overloaded")
    assert refused["retry_after_s"] >= 1
    assert answers.keys() == {1, 2}


async def test_no_more_rows_are_read_than_the_window_holds(tmp_path: Path) -> None:
    door = Door()
    async with (
        service(tmp_path, weighing(door), window=8) as served,
        stream(served.url) as client,
        stream(served.url) as other,
    ):
        door.shut()
        for row_id in range(100):
            await client.send(row_id, EXAMPLE)
        await wait_for(lambda: served.streams.rows == 8)
        await other.send("theirs", EXAMPLE)
        await wait_for(lambda: served.streams.rows == 9)
        door.let.set()
        assert (await client.answers(100)).keys() == set(range(100))
        assert (await other.answer())["id"] == "theirs"
        await wait_for(lambda: served.streams.rows == 0)


async def test_a_message_that_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    async with (
        service(tmp_path, max_message_bytes=2000) as served,
        stream(served.url) as client,
    ):
        assert "outputs" in await client.ask(1, EXAMPLE, timeout_ms=1000)
        await client.socket.send(b" " * 2001)
        assert await client.ended() == (1009, "a message is at most 2000 bytes long")


class RaysDoor:
    """Reads what a client sends before it is asked for, as Ray's doors do, into its queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.queue.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> Message:
        return await self.queue.get()

    async def __call__(self) -> Message:
        return await self.receive()

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def row(self, row_id: int) -> None:
        text = json.dumps({"id": row_id, "instance": EXAMPLE})
        self.queue.put_nowait({"type": "websocket.receive", "text": text})


async def test_a_door_that_reads_ahead_is_told_how_far(tmp_path: Path) -> None:
    stages, limits = Door(), Limits(max_body_bytes=4096)
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(stages), "parcels")
    await dataplane.activate("1", BatchSettings())
    app = Application(
        dataplane, EdgeArgs(limits=limits), Streams(dataplane, limits, StreamSettings(window=4))
    )
    door = RaysDoor()
    scope = {"type": "websocket", "path": "/predict/stream", "headers": []}
    running = asyncio.create_task(app(scope, door, door.send))

    for row_id in range(20):
        door.row(row_id)
    await wait_for(lambda: len(door.sent) == 21)
    stages.let.clear()
    for row_id in range(100):
        door.row(row_id)
    await wait_for(lambda: door.queue.qsize() < 100)
    stages.let.set()
    await running

    end = door.sent.pop()
    assert (end["type"], end["code"]) == ("websocket.close", 1008)
    assert "4096 bytes" in end["reason"]
    assert all("outputs" in message["text"] for message in door.sent[1:])
