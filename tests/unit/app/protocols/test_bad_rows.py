"""Rows that the contract takes and a stage fails for, through the real stages, as each protocol
tells of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import httpx
import pytest

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from tests.support import shop
from tests.support.fast_lane import serving
from tests.support.oip import grpc_door
from tests.support.shop import MODES, PRICE, Shop, row
from tests.support.streams import stream
from tests.unit.app.protocols.oip.grpc_requests import methods_of, refused

BAD = {
    "on-demand view 'order_value'": shop.UNVALUED,
    "the program": shop.UNANSWERED,
    "the preprocessing": shop.UNPREPARED,
}
"""A row that each of them fails for."""
DATATYPES = {"product_id": "INT64", "quantity": "INT64", "size": "BYTES"}
GOOD = [row(2), row(3)]


@pytest.fixture(scope="module", params=MODES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop.shop(tmp_path_factory.mktemp("shop"), request.param)


@pytest.fixture
async def dataplane(built: Shop) -> Dataplane:
    return await built.serving()


@pytest.fixture
def app(dataplane: Dataplane) -> Application:
    return Application(dataplane, EdgeArgs())


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


def check_answer(answer: dict[str, Any], asked: dict[str, Any]) -> None:
    assert answer["outputs"] == {"total": PRICE * asked["quantity"]}


def check_error(answer: dict[str, Any], what: str, place: int | None) -> None:
    error = answer["error"]
    assert (error["code"], error["row"]) == ("row_failed", place)
    assert error["message"].startswith(f"{what} failed for this row: ")


@pytest.mark.parametrize("what", BAD)
async def test_alone_it_is_refused(client: httpx.AsyncClient, what: str) -> None:
    response = await client.post("/predict", json=BAD[what])

    assert response.status_code == 422
    check_error(response.json(), what, None)


@pytest.mark.parametrize("lines", [False, True])
async def test_in_a_batch_it_has_its_error(client: httpx.AsyncClient, lines: bool) -> None:
    rows = [GOOD[0], *BAD.values(), GOOD[1]]

    headers = {"accept": "application/x-ndjson"} if lines else {}
    response = await client.post("/predict/batch", json={"instances": rows}, headers=headers)

    assert response.status_code == 200
    told = [json.loads(line) for line in response.text.splitlines()]
    answers = sorted(told, key=lambda one: one["row"]) if lines else told[0]["predictions"]
    check_answer(answers[0], GOOD[0])
    check_answer(answers[-1], GOOD[1])
    for place, what in enumerate(BAD, start=1):
        check_error(answers[place], what, place)


@pytest.mark.parametrize("bad", [1, 5, 60, 99])
async def test_whatever_their_share_among_single_requests_the_others_are_answered(
    client: httpx.AsyncClient, bad: int
) -> None:
    kinds = list(BAD.values())
    every = [kinds[place % len(kinds)] for place in range(bad)]
    rows = [*every, *(row(1 + place % 40) for place in range(100 - bad))]

    responses = await asyncio.gather(*(client.post("/predict", json=one) for one in rows))

    assert {response.status_code for response in responses[:bad]} == {422}
    for response, asked in zip(responses[bad:], rows[bad:], strict=True):
        check_answer(response.json(), asked)


async def test_on_a_stream_it_has_its_error(app: Application) -> None:
    rows = dict(enumerate([*GOOD, *BAD.values()]))

    async with serving(app) as lane, stream(f"http://127.0.0.1:{lane.port}") as client:
        for row_id, one in rows.items():
            await client.send(row_id, one)
        answers = await client.answers(len(rows))

    for place, one in enumerate(GOOD):
        check_answer(answers[place], one)
    for place, what in enumerate(BAD, start=len(GOOD)):
        check_error(answers[place], what, None)


def inputs(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **{"name": name, "datatype": datatype, "shape": [len(rows)]},
            "data": [one[name] for one in rows],
        }
        for name, datatype in DATATYPES.items()
    ]


@pytest.mark.parametrize("what", BAD)
async def test_a_tensor_of_rows_is_refused_for_it_by_name(
    client: httpx.AsyncClient, what: str
) -> None:
    url = f"/v2/models/{shop.NAME}/infer"
    response = await client.post(url, json={"inputs": inputs([*GOOD, BAD[what]])})
    answered = await client.post(url, json={"inputs": inputs(GOOD)})

    assert response.status_code == 422
    assert response.json()["error"].startswith(f"row 2: {what} failed for this row: ")
    assert answered.status_code == 200


@pytest.mark.parametrize("what", BAD)
async def test_a_call_of_grpc_is_refused_for_it_by_name(dataplane: Dataplane, what: str) -> None:
    rows = [GOOD[0], BAD[what]]
    request = pb.ModelInferRequest(model_name=shop.NAME)
    for name, datatype in DATATYPES.items():
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[len(rows)])
        contents = tensor.contents
        if datatype == "BYTES":
            contents.bytes_contents.extend(str(one[name]).encode() for one in rows)
        else:
            contents.int64_contents.extend(one[name] for one in rows)

    async with grpc_door(methods_of(dataplane, Limits())) as stub:
        error = await refused(stub.ModelInfer(request))

    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert str(error.details()).startswith(f"row 1: {what} failed for this row: ")
