import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from starlette.types import ASGIApp

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion
from deployments.frames import Frame, Outputs, Status, TensorFrame
from tests.support.asgi import chunks, drive, http
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE, parcels, store

VIEWS = {
    "load": {"status": "fresh", "age_s": 60.0},
    "fleet": {"status": "fresh", "age_s": 60.0},
}


async def test_one_row_gets_its_prediction(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict", json=EXAMPLE, headers={"X-Request-Id": "r1"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "outputs": {"late": 0.25, "cost": 500.0},
        "model": {"name": "parcels", "version": "1"},
        "features": {"status": "fresh", "degraded": False, "oldest_age_s": 60.0, "views": VIEWS},
        "request_id": "r1",
    }


async def test_a_batch_answers_the_good_rows_and_says_what_is_wrong_with_the_others(
    client: httpx.AsyncClient,
) -> None:
    instances = [EXAMPLE, EXAMPLE | {"weight": -1}, EXAMPLE | {"weight": 500}, None]

    answer = await client.post(
        "/predict/batch", json={"instances": instances}, headers={"X-Request-Id": "r1"}
    )

    assert answer.status_code == 200
    assert answer.json().keys() == {"predictions", "request_id"}
    first, second, third, fourth = answer.json()["predictions"]
    assert first == (await client.post("/predict", json=EXAMPLE)).json() | {"request_id": "r1"}
    assert third["outputs"] == {"late": 0.5, "cost": 1000.0}
    assert second["error"].pop("message").startswith("weight must be a number from 0 to 1000")
    assert second == {
        "error": {"code": "out_of_range", "field": "weight", "row": 1, "request_id": "r1"}
    }
    assert (fourth["error"]["code"], fourth["error"]["row"]) == ("invalid_field", 3)


@pytest.mark.parametrize("query", ["values=true", "lang=en&values=true"])
async def test_the_values_are_told_to_who_asks(client: httpx.AsyncClient, query: str) -> None:
    row = await client.post(f"/predict?{query}", json=EXAMPLE)
    batch = await client.post(f"/predict/batch?{query}", json={"instances": [EXAMPLE, {}]})

    values = {"load__hourly": 250.0, "fleet__vans": 250}
    assert row.json()["features"]["values"] == values
    assert batch.json()["predictions"][0]["features"]["values"] == values


@pytest.mark.parametrize("query", ["", "values=false", "values", "novalues=true"])
async def test_the_values_are_told_to_no_other(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.post(f"/predict?{query}", json=EXAMPLE)

    assert answer.status_code == 200
    assert "values" not in answer.json()["features"]


@pytest.mark.parametrize("query", ["values=trueish", "values=", "values=true&values=false"])
async def test_who_asks_unclearly_for_the_values_is_told_so(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.post(f"/predict?{query}", json=EXAMPLE)

    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "values"


async def test_a_batch_of_bad_rows_is_an_answer_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict/batch", json={"instances": [{}, {}]})

    assert answer.status_code == 200
    assert [one["error"]["row"] for one in answer.json()["predictions"]] == [0, 1]


async def test_an_output_that_is_no_number_is_null(tmp_path: Path, limits: Limits) -> None:
    async def predict(frame: TensorFrame) -> Outputs:
        return {"late": np.full(frame.rows, np.nan), "cost": np.full((frame.rows, 2), np.inf)}

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(predict=predict), "parcels")
    await dataplane.activate("1", BatchSettings())
    sent, _ = await drive(
        Application(dataplane, EdgeArgs(limits=limits)),
        http(),
        chunks(json.dumps(EXAMPLE).encode()),
    )

    assert json.loads(sent[1]["body"])["outputs"] == {"late": None, "cost": [None, None]}


async def test_clients_at_the_same_time_get_their_own_answers(client: httpx.AsyncClient) -> None:
    async def ask(number: int) -> tuple[float, str]:
        headers = {"X-Request-Id": f"r{number}"}
        answer = await client.post("/predict", json=EXAMPLE | {"weight": number}, headers=headers)
        return answer.json()["outputs"]["cost"], answer.json()["request_id"]

    answers = await asyncio.gather(*map(ask, range(50)))

    assert answers == [(2.0 * number, f"r{number}") for number in range(50)]


async def test_the_version_that_decodes_a_request_answers_it(
    client: httpx.AsyncClient, dataplane: Dataplane
) -> None:
    before = await client.post("/predict", json=EXAMPLE)
    await dataplane.activate("2", BatchSettings())
    after = await client.post("/predict", json=EXAMPLE)

    assert [one.json()["model"]["version"] for one in (before, after)] == ["1", "2"]


async def test_a_body_may_arrive_in_pieces(app: ASGIApp) -> None:
    body = json.dumps(EXAMPLE).encode()

    sent, _ = await drive(app, http(), chunks(body[:1], b"", body[1:50], body[50:], b""))

    assert sent[0]["status"] == 200
    assert json.loads(sent[1]["body"])["outputs"]["late"] == 0.25


async def test_a_body_of_just_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps(EXAMPLE).encode().ljust(4096)

    assert (await client.post("/predict", content=body)).status_code == 200
    assert (await client.post("/predict", content=body + b" ")).status_code == 413


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
async def test_a_body_that_declares_itself_too_large_is_not_read(app: ASGIApp, path: str) -> None:
    scope = http(path, headers=[(b"content-length", b"4097")])

    sent, unread = await drive(app, scope, chunks(b"x" * 4097))

    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["error"]["code"] == "body_too_large"
    assert len(unread) == 1


async def test_a_body_that_grows_too_large_is_read_no_further(app: ASGIApp) -> None:
    sent, unread = await drive(app, http(), chunks(b"x" * 4000, b"x" * 97, b"x", b"x"))

    assert sent[0]["status"] == 413
    assert len(unread) == 2


async def test_the_client_may_stream_a_body_of_unknown_length(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000

    answer = await client.post("/predict", content=body())

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


async def test_a_client_that_leaves_while_sending_gets_no_answer(app: ASGIApp) -> None:
    begun = {"type": "http.request", "body": b'{"depot"', "more_body": True}

    sent, _ = await drive(app, http(), [begun, {"type": "http.disconnect"}])

    assert sent == []


async def test_nothing_is_predicted_before_a_version_serves(tmp_path: Path, limits: Limits) -> None:
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")

    sent, _ = await drive(
        Application(dataplane, EdgeArgs(limits=limits)),
        http(),
        chunks(json.dumps(EXAMPLE).encode()),
    )

    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "unavailable"


def refusing(*rows: int) -> Chain:
    """The stages of ``parcels``, where a policy refuses these rows of a batch."""

    async def refuse(frame: Frame) -> Frame:
        found = await lookup(frame)
        assert found.views is not None
        refused = np.full(frame.rows, -1, np.int8)
        for row in rows:
            refused[row] = 1
            found.views.status[1, row] = Status.MISSING
        found.views.refused = refused
        return found

    return weighing(lookup=refuse)


async def test_a_row_that_a_policy_refuses_is_an_error(tmp_path: Path) -> None:
    dataplane = Dataplane(store(tmp_path, parcels()), refusing(1), "parcels")
    dataplane.in_service["parcels"] = ServedVersion(parcels(), refusing(1), BatchSettings())
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        batch = await client.post("/predict/batch", json={"instances": [EXAMPLE, EXAMPLE, {}]})
        dataplane.in_service["parcels"] = ServedVersion(parcels(), refusing(0), BatchSettings())
        alone = await client.post("/predict", json=EXAMPLE)

    first, second, third = batch.json()["predictions"]
    assert "outputs" in first
    assert (second["error"]["code"], second["error"]["row"]) == ("missing_features", 1)
    assert (third["error"]["code"], third["error"]["row"]) == ("missing_field", 2)
    assert alone.status_code == 422
    assert alone.json()["error"]["message"] == (
        "feature view 'fleet' has no row for this entity, and its policy is to refuse"
    )


async def test_the_clients_time_reaches_the_stages(tmp_path: Path) -> None:
    budgets: list[float] = []

    async def told(frame: Frame) -> Frame:
        budgets.append(frame.budget_s)
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=told), "parcels")
    await dataplane.activate("1", BatchSettings())
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        for headers in ({}, {"X-Request-Timeout-Ms": "2000"}):
            assert (await client.post("/predict", json=EXAMPLE, headers=headers)).is_success

    assert budgets[-2:] == [pytest.approx(30, abs=0.5), pytest.approx(2, abs=0.5)]
