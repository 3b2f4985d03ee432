import asyncio
import json
from pathlib import Path

import httpx

from app.config import BatchSettings
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.stream.services import Door, service


async def test_a_row_gets_the_answer_that_a_request_would(tmp_path: Path) -> None:
    async with (
        service(tmp_path) as served,
        stream(served.url) as client,
        httpx.AsyncClient(base_url=served.url) as http,
    ):
        answer = await client.ask("r", EXAMPLE)
        other = (await http.post("/predict", json=EXAMPLE)).json()

    del other["request_id"]
    assert answer == {"id": "r", **other}


async def test_the_values_are_told_to_who_asks(tmp_path: Path) -> None:
    async with service(tmp_path) as served, stream(served.url, "?values=true") as client:
        answer = await client.ask(1, EXAMPLE)

    assert answer["features"]["values"] == {"load__hourly": 250.0, "fleet__vans": 250}


async def test_a_thousand_rows_in_flight_get_their_own_answers(tmp_path: Path) -> None:
    ids = [name for n in range(250) for name in (n, -n - 1, str(n), f"ä \U0001f600 {n}")]
    async with service(tmp_path) as served, stream(served.url, max_queue=None) as client:
        for weight, row_id in enumerate(ids):
            await client.send(row_id, EXAMPLE | {"weight": weight})
        answers = await client.answers(1000)

    assert [answers[name]["outputs"]["cost"] for name in ids] == [2.0 * n for n in range(1000)]


async def test_answers_leave_as_they_are_ready(tmp_path: Path) -> None:
    async def slow(frame: Frame) -> Frame:
        if 13 in frame.columns["weight"]:
            await asyncio.sleep(0.2)
        return await lookup(frame)

    batching = BatchSettings(max_rows=1)
    async with service(tmp_path, weighing(slow), batching) as served, stream(served.url) as client:
        for weight in (13, 1, 2):
            await client.send(weight, EXAMPLE | {"weight": weight})
        answers = [(await client.answer())["id"] for _ in range(3)]

    assert answers == [1, 2, 13]


async def test_its_rows_share_batches_with_those_of_other_protocols(tmp_path: Path) -> None:
    door = Door()
    batching = BatchSettings(in_flight=1)
    async with (
        service(tmp_path, weighing(door), batching) as served,
        stream(served.url) as one,
        stream(served.url) as other,
        httpx.AsyncClient(base_url=served.url) as http,
    ):
        door.shut()
        first = asyncio.create_task(http.post("/predict", json=EXAMPLE))
        await wait_for(lambda: len(door.frames) == 1)
        await one.send("a", EXAMPLE)
        await other.send("a", EXAMPLE | {"weight": 2})
        await wait_for(lambda: served.streams.rows == 2)
        door.let.set()
        answers = await one.answer(), await other.answer()
        assert (await first).is_success

    assert [frame.rows for frame in door.frames] == [1, 2]
    assert [answer["outputs"]["cost"] for answer in answers] == [500, 4]


async def test_rows_go_by_the_version_that_serves_when_they_come(tmp_path: Path) -> None:
    door = Door()
    async with service(tmp_path, weighing(door)) as served, stream(served.url) as client:
        door.shut()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: len(door.frames) == 1)
        switch = asyncio.create_task(served.dataplane.activate("2", BatchSettings()))
        door.let.set()
        await switch
        await client.send(2, EXAMPLE)
        answers = await client.answers(2)

    assert [answers[n]["model"]["version"] for n in (1, 2)] == ["1", "2"]


async def test_rows_may_come_as_bytes_and_in_pieces(tmp_path: Path) -> None:
    text = json.dumps({"id": "é", "instance": EXAMPLE})
    async with service(tmp_path) as served, stream(served.url) as client:
        await client.socket.send(text.encode())
        assert "outputs" in await client.answer()
        await client.socket.send([text[:5], text[5:20], "", text[20:]])
        assert "outputs" in await client.answer()
