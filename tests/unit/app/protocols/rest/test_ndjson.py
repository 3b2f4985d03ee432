"""Batches answered line by line."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.frames import Frame, Status
from tests.support.chains import lookup, weighing
from tests.support.fast_lane import serving
from tests.support.manifests import EXAMPLE, parcels, store

ACCEPT = {"accept": "application/x-ndjson", "x-request-id": "r1"}


def rows(*weights: float) -> dict[str, object]:
    return {"instances": [EXAMPLE | {"weight": weight} for weight in weights]}


@asynccontextmanager
async def service(
    folder: Path, chain: Chain, timeout_s: float = 30, **batching: Any
) -> AsyncIterator[tuple[Dataplane, httpx.AsyncClient]]:
    """Behind a real socket, on which lines can be seen to leave."""
    dataplane = Dataplane(store(folder, parcels()), chain, "parcels")
    await dataplane.activate("1", BatchSettings(**batching))
    app = Application(dataplane, EdgeArgs(limits=Limits(timeout_s=timeout_s)))
    async with (
        serving(app, linger_s=0.1) as fast_lane,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{fast_lane.port}") as client,
    ):
        yield dataplane, client


def held(let: asyncio.Event, weight: float) -> Chain:
    """The stages of ``parcels``, where a batch that begins with this weight waits to be let."""

    async def hold(frame: Frame) -> Frame:
        if frame.columns["weight"][0] == weight:
            await let.wait()
        return await lookup(frame)

    return weighing(lookup=hold)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_lines_are_the_predictions_of_the_batch(client: httpx.AsyncClient) -> None:
    body = {"instances": [EXAMPLE, EXAMPLE | {"weight": -1}, EXAMPLE | {"weight": 5}, None]}

    answer = await client.post("/predict/batch?values=true", json=body, headers=ACCEPT)
    whole = await client.post(
        "/predict/batch?values=true", json=body, headers={"x-request-id": "r1"}
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = told(answer)
    assert [line["row"] for line in lines] == [1, 3, 0, 2], "what is wrong is known at once"
    by_row = sorted(lines, key=lambda line: line["row"])
    assert by_row == [
        {"row": place, **prediction} for place, prediction in enumerate(whole.json()["predictions"])
    ]


@pytest.mark.parametrize(
    "accept",
    ["application/json, application/x-ndjson", "Application/X-NDJSON;charset=utf-8"],
)
async def test_who_accepts_it_among_others_gets_it(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.post("/predict/batch", json=rows(1), headers={"accept": accept})

    assert answer.headers["content-type"] == "application/x-ndjson"


async def test_a_single_row_has_no_lines(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict", json=EXAMPLE, headers=ACCEPT)

    assert answer.headers["content-type"] == "application/json"


async def test_a_batch_of_bad_rows_is_an_answer_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict/batch", json={"instances": [{}, 1]}, headers=ACCEPT)

    assert [line["error"]["code"] for line in told(answer)] == ["missing_field", "invalid_field"]


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b'{"instances": []}', 422), (b'{"instances": 1}', 422)]
)
async def test_a_wrong_batch_is_refused_as_ever(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    answer = await client.post("/predict/batch", content=body, headers=ACCEPT)

    assert answer.status_code == status
    assert answer.json()["error"]["request_id"] == "r1"


async def test_a_row_that_a_policy_refuses_has_its_line(tmp_path: Path) -> None:
    async def refuse(frame: Frame) -> Frame:
        found = await lookup(frame)
        assert found.views is not None
        found.views.refused = np.where(frame.columns["weight"] == 2, 1, -1).astype(np.int8)
        found.views.status[1] = Status.MISSING
        return found

    async with service(tmp_path, weighing(refuse)) as (_, client):
        answer = await client.post("/predict/batch", json=rows(1, 2, 3), headers=ACCEPT)

    first, second, third = told(answer)
    assert (second["row"], second["error"]["code"]) == (1, "missing_features")
    assert second["error"]["row"] == 1
    assert ("outputs" in first, "outputs" in third) == (True, True)


async def test_lines_leave_as_they_are_ready(tmp_path: Path) -> None:
    let = asyncio.Event()
    body: dict[str, Any] = rows(1, 2, 13)
    body["instances"].append(None)
    async with (
        service(tmp_path, held(let, 13), max_rows=2) as (_, client),
        asyncio.timeout(10),
        client.stream("POST", "/predict/batch", json=body, headers=ACCEPT) as answer,
    ):
        lines = answer.aiter_lines()
        early = [json.loads(await anext(lines))["row"] for _ in range(3)]
        let.set()
        late = [json.loads(line)["row"] async for line in lines]

    assert (early, late) == ([3, 0, 1], [2])


async def test_what_cannot_be_answered_in_time_is_told_in_the_last_line(tmp_path: Path) -> None:
    let = asyncio.Event()
    async with service(tmp_path, held(let, 13), max_rows=2) as (_, client):
        headers = ACCEPT | {"x-request-timeout-ms": "200"}
        answer = await client.post("/predict/batch", json=rows(1, 2, 13), headers=headers)
        nothing = await client.post("/predict/batch", json=rows(13), headers=headers)
        again = await client.post("/predict/batch", json=rows(1), headers=ACCEPT)
        let.set()

    *answered, last = told(answer)
    assert answer.status_code == 200
    assert [line["row"] for line in answered] == [0, 1]
    assert (last["row"], last["error"]["code"]) == (None, "timed_out")
    assert last["error"]["request_id"] == "r1"
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (408, "timed_out")
    assert again.is_success, "the connection is still good"


async def test_a_stage_that_fails_ends_it_too(tmp_path: Path) -> None:
    async def breaks(frame: Frame) -> Frame:
        if frame.columns["weight"][0] == 13:
            raise ConnectionError("10.0.0.7")
        return await lookup(frame)

    async with service(tmp_path, weighing(lookup=breaks), max_rows=1) as (_, client):
        answer = await client.post("/predict/batch", json=rows(1, 13, 2), headers=ACCEPT)

    first, last = told(answer)
    assert (first["row"], last["row"], last["error"]["code"]) == (0, None, "unavailable")
    assert "10.0.0.7" not in answer.text


async def test_overload_is_told_before_the_first_line(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"max_rows": 1, "max_queued_rows": 1}
    async with service(tmp_path, weighing(), **settings) as (dataplane, _):
        app = Application(dataplane, EdgeArgs())
        body: dict[str, Any] = rows(1)
        body["instances"].append(None)
        row = dataplane.serving().contract.decode(json.dumps(EXAMPLE).encode())
        waiting = dataplane.serving().begin(row)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.post("/predict/batch", json=body, headers=ACCEPT)
        await waiting

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
