"""Every protocol counts its requests and rows."""

import httpx

from app.protocols.rest.ndjson import NDJSON
from deployments.metrics.catalogue.requests import DURATION, REQUESTS, ROW_ERRORS, ROWS
from tests.support.counted import Counted
from tests.support.manifests import EXAMPLE
from tests.support.oip import tensors

OF = {"model": "parcels", "version": "1"}
WRONG = EXAMPLE | {"weight": 1001}


async def test_one_row(client: httpx.AsyncClient) -> None:
    counted = Counted()
    await client.post("/predict", json=EXAMPLE)
    await client.post("/predict", json=WRONG)

    assert counted(REQUESTS, **OF, protocol="rest", door="ray_http") == {
        ("ok",): 1,
        ("out_of_range",): 1,
    }
    assert counted(ROWS) == {("parcels", "1", "rest", "ray_http"): 1}
    assert counted(DURATION) == {("parcels", "1", "rest", "ray_http"): 2}
    assert counted(ROW_ERRORS) == {}


async def test_a_batch_counts_the_errors_of_its_rows(client: httpx.AsyncClient) -> None:
    for accept in ("application/json", NDJSON.decode()):
        counted = Counted()
        body = {"instances": [EXAMPLE, WRONG, EXAMPLE]}
        answer = await client.post("/predict/batch", json=body, headers={"accept": accept})

        assert answer.status_code == 200
        assert counted(REQUESTS, **OF) == {("rest", "ray_http", "ok"): 1}
        assert counted(ROWS, **OF) == {("rest", "ray_http"): 2}
        assert counted(ROW_ERRORS, **OF) == {("rest", "out_of_range"): 1}


async def test_health_is_apart(client: httpx.AsyncClient) -> None:
    counted = Counted()
    for path in ("/health", "/health/live", "/v2/health/ready", "/v2/models/parcels/ready"):
        await client.get(path)

    assert counted(REQUESTS) == {("", "", "health", "ray_http", "ok"): 4}


async def test_what_is_nowhere_came_to_no_model(client: httpx.AsyncClient) -> None:
    counted = Counted()
    await client.get("/nowhere")
    await client.get("/v2/nowhere")
    await client.get("/predict")

    assert counted(REQUESTS, model="", version="", door="ray_http") == {
        ("rest", "not_found"): 1,
        ("oip_http", "not_found"): 1,
        ("rest", "method_not_allowed"): 1,
    }


async def test_an_inference(client: httpx.AsyncClient) -> None:
    counted = Counted()
    body = {"inputs": tensors([EXAMPLE, EXAMPLE])}
    answer = await client.post("/v2/models/parcels/infer", json=body)

    assert answer.status_code == 200, answer.text
    assert counted(REQUESTS, **OF) == {("oip_http", "ray_http", "ok"): 1}
    assert counted(ROWS, **OF) == {("oip_http", "ray_http"): 2}
