"""Streams behind real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.types import Message
from websockets.exceptions import InvalidStatus

from app.asgi import edge
from app.config import BatchSettings, Limits, StreamSettings
from app.protocols.stream import streams as protocol
from app.protocols.stream.streams import Streams
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.frames import Frame, Outputs, Status, TensorFrame
from tests.support.asgi import drive
from tests.support.chains import lookup, predict, weighing
from tests.support.fast_lane import serving
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.streams import stream
from tests.support.wait import wait_for


class Door:
    """The stages of ``parcels``, shut until they are let; ``frames`` is what has come to them."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.frames: list[Frame] = []
        self.let.set()

    async def __call__(self, frame: Frame) -> Frame:
        self.frames.append(frame)
        await self.let.wait()
        return await lookup(frame)


class Service:
    """A dataplane with streams before it, and the address of its fast lane."""

    def __init__(self, dataplane: Dataplane, streams: Streams, url: str) -> None:
        self.dataplane = dataplane
        self.streams = streams
        self.url = url


@asynccontextmanager
async def service(
    folder: Path,
    chain: Chain | None = None,
    batching: BatchSettings | None = None,
    limits: Limits | None = None,
    ping_s: float = 20,
    **settings: Any,
) -> AsyncIterator[Service]:
    limits = limits or Limits()
    dataplane = Dataplane(store(folder, parcels("1"), parcels("2")), chain or weighing(), "parcels")
    await dataplane.activate("1", batching or BatchSettings())
    streams = Streams(dataplane, limits, StreamSettings(**settings))
    app = edge(dataplane, limits, streams)
    async with serving(app, linger_s=0.1, ping_s=ping_s) as fast_lane:
        try:
            yield Service(dataplane, streams, f"http://127.0.0.1:{fast_lane.port}")
        finally:
            await streams.close()


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
        door.let.clear()
        first = asyncio.create_task(http.post("/predict", json=EXAMPLE))
        await wait_for(lambda: len(door.frames) == 2)  # with that of the warm-up
        await one.send("a", EXAMPLE)
        await other.send("a", EXAMPLE | {"weight": 2})
        await wait_for(lambda: served.streams.rows == 2)
        door.let.set()
        answers = await one.answer(), await other.answer()
        assert (await first).is_success

    assert [frame.rows for frame in door.frames] == [1, 1, 2]
    assert [answer["outputs"]["cost"] for answer in answers] == [500, 4]


BAD = {
    "no JSON": (b"{", None, "malformed_json", None),
    "nothing": (b"", None, "malformed_json", None),
    "not UTF-8": (b'{"id": 1, "instance": {"depot": "\xff"}}', 1, "malformed_json", None),
    "no object": (b"[1]", None, "invalid_field", None),
    "nested": (b'{"id": 1, "instance": ' + b"[" * 10_000, None, "malformed_json", None),
    "no id": (b'{"instance": {}}', None, "missing_field", "id"),
    "null": (b'{"id": null, "instance": {}}', None, "invalid_field", "id"),
    "true": (b'{"id": true, "instance": {}}', None, "invalid_field", "id"),
    "a fraction": (b'{"id": 1.5, "instance": {}}', None, "invalid_field", "id"),
    "empty": (b'{"id": "", "instance": {}}', None, "out_of_range", "id"),
    "long": (b'{"id": "%b", "instance": {}}' % (b"x" * 129), None, "out_of_range", "id"),
    "huge": (b'{"id": %b, "instance": {}}' % (b"9" * 30), None, "out_of_range", "id"),
    "no instance": (b'{"id": 1}', 1, "missing_field", "instance"),
    "an empty row": (b'{"id": 1, "instance": {}}', 1, "missing_field", "depot"),
    "a list": (b'{"id": 1, "instance": []}', 1, "invalid_field", None),
    "unknown": (b'{"id": 1, "row": 2, "instance": {}}', 1, "unknown_field", "row"),
    "no time": (b'{"id": 1, "instance": {}, "timeout_ms": 0}', 1, "out_of_range", "timeout_ms"),
    "words": (b'{"id": 1, "instance": {}, "timeout_ms": "1"}', 1, "invalid_field", "timeout_ms"),
}


async def test_a_bad_row_gets_an_error_and_the_connection_lives(tmp_path: Path) -> None:
    async with (
        service(tmp_path) as served,
        stream(served.url, headers=[("x-request-id", "c1")]) as client,
    ):
        for case, (message, row_id, code, field) in BAD.items():
            await client.socket.send(message)
            answer = await client.answer()
            error = answer.pop("error")
            assert answer == {"id": row_id}, case
            assert (error["code"], error["field"]) == (code, field), case
            assert (error["row"], error["request_id"]) == (None, "c1"), case
        assert "outputs" in await client.ask(1, EXAMPLE)


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"weight": -1}, "out_of_range", "weight"),
        ({"sent_at": "1850-01-01T00:00:00Z"}, "out_of_range", "sent_at"),
        ({"more": 1}, "unknown_field", "more"),
        ({"depot": None}, "invalid_field", "depot"),
    ],
)
async def test_a_row_is_held_to_the_contract(
    tmp_path: Path, wrong: dict[str, object], code: str, field: str
) -> None:
    async with service(tmp_path) as served, stream(served.url) as client:
        answer = await client.ask("r", EXAMPLE | wrong)

    assert (answer["id"], answer["error"]["code"], answer["error"]["field"]) == ("r", code, field)


async def test_an_id_is_free_again_once_its_row_is_answered(tmp_path: Path) -> None:
    door = Door()
    async with service(tmp_path, weighing(door)) as served, stream(served.url) as client:
        door.let.clear()
        await client.send("a", EXAMPLE)
        twice = await client.ask("a", EXAMPLE)
        door.let.set()
        first = await client.answer()
        again = await client.ask("a", EXAMPLE)

    assert (twice["id"], twice["error"]["code"]) == ("a", "invalid_field")
    assert "still under way" in twice["error"]["message"]
    assert "outputs" in first
    assert "outputs" in again


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
        door.let.clear()
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
        door.let.clear()
        late = await client.ask("a", EXAMPLE, timeout_ms=60_000)
        door.let.set()

    assert late["error"]["code"] == "timed_out"


async def test_overload_says_when_to_try_again(tmp_path: Path) -> None:
    door = Door()
    batching = BatchSettings(max_rows=1, in_flight=1, max_queued_rows=1)
    async with service(tmp_path, weighing(door), batching) as served, stream(served.url) as client:
        door.let.clear()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: len(door.frames) == 2)
        await client.send(2, EXAMPLE)
        refused = await client.ask(3, EXAMPLE)
        door.let.set()
        answers = await client.answers(2)

    assert (refused["id"], refused["error"]["code"]) == (3, "overloaded")
    assert refused["retry_after_s"] >= 1
    assert answers.keys() == {1, 2}


async def test_a_row_that_a_policy_refuses_is_an_error(tmp_path: Path) -> None:
    async def refuse(frame: Frame) -> Frame:
        found = await lookup(frame)
        assert found.views is not None
        found.views.refused = np.where(frame.columns["weight"] == 1, 1, -1).astype(np.int8)
        found.views.status[1] = Status.MISSING
        return found

    async with service(tmp_path, weighing(refuse)) as served, stream(served.url) as client:
        refused = await client.ask("a", EXAMPLE | {"weight": 1})
        answered = await client.ask("a", EXAMPLE)

    assert refused["error"]["code"] == "missing_features"
    assert "outputs" in answered


async def test_a_stage_that_fails_takes_no_other_row_along(tmp_path: Path) -> None:
    async def breaks(frame: TensorFrame) -> Outputs:
        if 13 in frame.numeric[:, 0]:
            raise ConnectionError("10.0.0.7")
        return await predict(frame)

    chain = weighing(predict=breaks)
    async with service(tmp_path, chain) as served, stream(served.url) as client:
        for weight in range(10, 20):
            await client.send(weight, EXAMPLE | {"weight": weight})
        answers = await client.answers(10)

    failed = {row_id: one["error"] for row_id, one in answers.items() if "error" in one}
    assert failed.keys() == {13}
    assert failed[13]["code"] == "unavailable"
    assert "10.0.0.7" not in str(failed)


async def test_rows_go_by_the_version_that_serves_when_they_come(tmp_path: Path) -> None:
    door = Door()
    async with service(tmp_path, weighing(door)) as served, stream(served.url) as client:
        door.let.clear()
        await client.send(1, EXAMPLE)
        await wait_for(lambda: len(door.frames) == 2)
        switch = asyncio.create_task(served.dataplane.activate("2", BatchSettings()))
        door.let.set()
        await switch
        await client.send(2, EXAMPLE)
        answers = await client.answers(2)

    assert [answers[n]["model"]["version"] for n in (1, 2)] == ["1", "2"]


async def test_no_more_rows_are_read_than_the_window_holds(tmp_path: Path) -> None:
    door = Door()
    async with (
        service(tmp_path, weighing(door), window=8) as served,
        stream(served.url) as client,
        stream(served.url) as other,
    ):
        door.let.clear()
        for row_id in range(100):
            await client.send(row_id, EXAMPLE)
        await wait_for(lambda: served.streams.rows == 8)
        await other.send("theirs", EXAMPLE)
        await wait_for(lambda: served.streams.rows == 9)
        door.let.set()
        assert (await client.answers(100)).keys() == set(range(100))
        assert (await other.answer())["id"] == "theirs"
        await wait_for(lambda: served.streams.rows == 0)


async def test_what_a_client_leaves_behind_is_given_up(tmp_path: Path) -> None:
    door = Door()
    batching = BatchSettings(max_rows=1, in_flight=1)
    async with service(tmp_path, weighing(door), batching) as served:
        async with stream(served.url) as first:  # what belongs to the server alone
            await first.ask(1, EXAMPLE)
        await wait_for(lambda: not served.streams._sessions)
        before = asyncio.all_tasks()
        door.let.clear()
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
        door.let.clear()
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
        door.let.clear()
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
    settings: dict[str, float],
    code: int,
    reason: str,
) -> None:
    monkeypatch.setattr(protocol, "_SWEEP_S", 0.02)
    door = Door()
    async with (
        service(tmp_path, weighing(door), **settings) as served,
        stream(served.url) as client,
    ):
        door.let.clear()
        await client.send(1, EXAMPLE)
        await asyncio.sleep(0.2)
        assert client.socket.close_code is None, "something is under way"
        door.let.set()
        assert "outputs" in await client.answer()
        assert await client.ended() == (code, reason)


async def test_a_message_that_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    async with (
        service(tmp_path, max_message_bytes=2000) as served,
        stream(served.url) as client,
    ):
        assert "outputs" in await client.ask(1, EXAMPLE, timeout_ms=1000)
        await client.socket.send(b" " * 2001)
        assert await client.ended() == (1009, "a message is at most 2000 bytes long")


async def test_rows_may_come_as_bytes_and_in_pieces(tmp_path: Path) -> None:
    text = json.dumps({"id": "é", "instance": EXAMPLE})
    async with service(tmp_path) as served, stream(served.url) as client:
        await client.socket.send(text.encode())
        assert "outputs" in await client.answer()
        await client.socket.send([text[:5], text[5:20], "", text[20:]])
        assert "outputs" in await client.answer()


async def test_its_id_is_in_the_handshake(tmp_path: Path) -> None:
    async with service(tmp_path) as served:
        async with stream(served.url) as client:
            assert client.socket.response is not None
            made = client.socket.response.headers["x-request-id"]
        async with stream(served.url, headers=[("x-request-id", "mine")]) as client:
            assert client.socket.response is not None
            assert client.socket.response.headers["x-request-id"] == "mine"
            answer = await client.ask(1, {})
    assert len(made) == 32
    assert answer["error"]["request_id"] == "mine"


async def test_a_handshake_is_refused_as_a_request_is(tmp_path: Path) -> None:
    async with service(tmp_path) as served:
        for path, headers, status, code in [
            ("/predict/stream", {"x-request-timeout-ms": "soon"}, 422, "invalid_field"),
            ("/predict/stream?values=maybe", {}, 422, "invalid_field"),
            ("/predict", {}, 404, "not_found"),
        ]:
            answer = await _handshake(served.url, path, headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
            assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]
        served.dataplane.in_service.clear()
        answer = await _handshake(served.url, "/predict/stream", {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_a_plain_request_is_told_what_it_is(tmp_path: Path) -> None:
    async with service(tmp_path) as served, httpx.AsyncClient(base_url=served.url) as http:
        answer = await http.get("/predict/stream")
        other = await http.post("/predict/stream")

    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.json()["error"]["code"] == "upgrade_required"
    assert other.status_code == 405


async def test_a_server_that_can_send_no_answer_to_a_handshake_closes(
    dataplane: Dataplane, limits: Limits
) -> None:
    dataplane.in_service.clear()
    scope = {"type": "websocket", "path": "/predict/stream", "headers": []}

    sent, _ = await drive(edge(dataplane, limits), scope, [{"type": "websocket.connect"}])

    reason = "no model version is in service yet: see /health/ready"
    assert sent == [{"type": "websocket.close", "code": 1013, "reason": reason}]


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
    app = edge(dataplane, limits, Streams(dataplane, limits, StreamSettings(window=4)))
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


async def _handshake(url: str, path: str, headers: dict[str, str]) -> httpx.Response:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with httpx.AsyncClient(base_url=url) as client:
        return await client.get(path, headers={**upgrade, **headers})
