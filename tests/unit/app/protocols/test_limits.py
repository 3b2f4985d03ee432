"""Limits of principals, whatever they ask by."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.access.principal import Limit, Scope
from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.edge.guards import Guards
from app.protocols.oip.grpc import InferenceMethods
from app.quota.limiter import LocalLimiter
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.fast_lane import serving
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.oip import INFER, grpc_door, tensors
from tests.support.principals import Named, principal
from tests.support.streams import stream
from tests.support.wait import wait_for
from tests.unit.app.protocols.oip.grpc_requests import refused, request_of

HOUR = 3600
REQUESTS = Limit(name="requests", quota=5, window_s=HOUR)
ROWS = Limit(name="rows", unit="rows", quota=10, window_s=HOUR)
AUTH = {"authorization": "shop"}
BATCH = {"instances": [EXAMPLE] * 4}


class Service:
    def __init__(self, dataplane: Dataplane, app: Application) -> None:
        self.dataplane = dataplane
        self.app = app


async def started(
    folder: Path, *limits: Limit, chain: Chain | None = None, **batching: Any
) -> Service:
    """``parcels``, which the shop may ask, within these limits."""
    dataplane = Dataplane(store(folder, parcels()), chain or weighing(), "parcels")
    await dataplane.activate("1", BatchSettings(**batching))
    guards = Guards(Named(principal("shop"), principal("other")), LocalLimiter(limits))
    return Service(dataplane, Application(dataplane, EdgeArgs(), guards=guards))


@asynccontextmanager
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://windsock", headers=AUTH
    ) as client:
        yield client


@asynccontextmanager
async def oip(service: Service) -> AsyncIterator[Any]:
    methods = InferenceMethods(service.dataplane, Limits(), service.app.handle)
    async with grpc_door(methods) as stub:
        yield stub


def left(answer: httpx.Response) -> dict[str, int]:
    """What an answer says is left, by the limit's name."""
    told = re.findall(r'"(\w+)";r=(\d+)', answer.headers["ratelimit"])
    return {name: int(count) for name, count in told}


async def test_answers_say_what_is_allowed_and_what_is_left(tmp_path: Path) -> None:
    async with http(await started(tmp_path, REQUESTS, ROWS)) as client:
        one = await client.post("/predict", json=EXAMPLE)
        wrong = await client.post("/predict", json={})

    assert one.status_code == 200
    policy = '"requests";q=5;w=3600,"rows";q=10;qu="rows";w=3600'
    assert one.headers["ratelimit-policy"] == wrong.headers["ratelimit-policy"] == policy
    assert left(one) == {"requests": 4, "rows": 9}
    assert wrong.status_code == 422
    assert "ratelimit" in wrong.headers


async def test_one_request_too_many_is_refused_until_it_is_time(tmp_path: Path) -> None:
    async with http(await started(tmp_path, REQUESTS)) as client:
        answers = [await client.post("/predict", json=EXAMPLE) for _ in range(6)]
        other = await client.post("/predict", json=EXAMPLE, headers={"authorization": "other"})
        health = await client.get("/health")

    assert [one.status_code for one in answers] == [*[200] * 5, 429]
    told = answers[5].json()["error"]
    assert (told["code"], told["message"][:48]) == (
        "rate_limited",
        "5 requests within 3600 s are allowed (requests):",
    )
    assert left(answers[5]) == {"requests": 0}
    assert int(answers[5].headers["retry-after"]) in range(700, 721)
    assert (other.status_code, health.status_code) == (200, 200)
    assert "ratelimit" not in health.headers


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_rows_of_a_batch_are_counted_all_or_none(tmp_path: Path, accept: str) -> None:
    async with http(await started(tmp_path, ROWS)) as client:
        ask = [
            await client.post("/predict/batch", json=BATCH, headers={"accept": accept})
            for _ in range(3)
        ]
        two = await client.post("/predict/batch", json={"instances": [EXAMPLE] * 2})

    assert [one.status_code for one in ask] == [200, 200, 429]
    assert left(ask[0]) == {"rows": 6}
    assert ask[2].json()["error"]["code"] == "rate_limited"
    assert two.status_code == 200


async def test_more_rows_than_may_ever_be_are_refused_as_too_many(tmp_path: Path) -> None:
    async with http(await started(tmp_path, ROWS)) as client:
        answer = await client.post("/predict/batch", json={"instances": [EXAMPLE] * 11})

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "batch_too_large"
    assert "retry-after" not in answer.headers


async def test_a_request_refused_for_its_rows_does_not_count_as_one(tmp_path: Path) -> None:
    async with http(await started(tmp_path, REQUESTS, ROWS)) as client:
        for _ in range(4):
            await client.post("/predict/batch", json=BATCH)
        answer = await client.post("/predict", json=EXAMPLE)

    assert answer.status_code == 200
    assert left(answer) == {"requests": 2, "rows": 1}


async def test_requests_of_a_scope_alone_count_where_a_limit_names_it(tmp_path: Path) -> None:
    limit = Limit(name="predictions", quota=1, window_s=HOUR, scope=Scope.PREDICT)
    async with http(await started(tmp_path, limit)) as client:
        models = [await client.get("/models") for _ in range(3)]
        predictions = [await client.post("/predict", json=EXAMPLE) for _ in range(2)]

    assert {one.status_code for one in models} == {200}
    assert [one.status_code for one in predictions] == [200, 429]


async def test_tensors_are_rows_too(tmp_path: Path) -> None:
    async with http(await started(tmp_path, ROWS)) as client:
        answers = [
            await client.post(INFER, json={"inputs": tensors([EXAMPLE] * 6)}) for _ in range(2)
        ]

    assert [one.status_code for one in answers] == [200, 429]
    assert answers[1].json()["error"].startswith("10 rows within 3600 s are allowed (rows):")
    assert left(answers[1]) == {"rows": 4}


async def test_over_grpc_the_trailing_metadata_says_it_by_names_of_our_own(tmp_path: Path) -> None:
    metadata = [("authorization", "shop")]
    async with oip(await started(tmp_path, ROWS)) as stub:
        answered = stub.ModelInfer(request_of([EXAMPLE] * 6), metadata=metadata)
        await answered
        trailers = dict(await answered.trailing_metadata())
        error = await refused(stub.ModelInfer(request_of([EXAMPLE] * 6), metadata=metadata))

    assert trailers["windsock-ratelimit-policy"] == '"rows";q=10;qu="rows";w=3600'
    assert trailers["windsock-ratelimit"].startswith('"rows";r=4')
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    told = {name: str(value) for name, value in error.trailing_metadata() or ()}
    assert told["windsock-ratelimit"].startswith('"rows";r=4')
    assert int(told["grpc-retry-pushback-ms"]) == 1000 * int(told["retry-after"])
    assert "ratelimit" not in told  # which HTTP forbids in trailers


async def test_rows_of_a_stream_are_counted_each_and_the_stream_goes_on(tmp_path: Path) -> None:
    service = await started(tmp_path, REQUESTS, ROWS)
    async with serving(service.app, linger_s=0.1) as lane:
        url = f"http://127.0.0.1:{lane.port}"
        async with stream(url, headers=AUTH.items()) as client:
            assert client.socket.response is not None
            assert client.socket.response.headers["ratelimit"].startswith('"requests";r=4')
            answers = [await client.ask(number, EXAMPLE) for number in range(12)]

    assert ["outputs" in one for one in answers] == [*[True] * 10, False, False]
    assert answers[10]["error"]["code"] == "rate_limited"
    assert answers[10]["retry_after_s"] in range(300, 361)


@pytest.mark.parametrize("way", ["predict", "lines", "tensors", "stream"])
async def test_what_is_refused_as_overload_is_given_back(tmp_path: Path, way: str) -> None:
    let, waiting = asyncio.Event(), asyncio.Event()

    async def hold(frame: Frame) -> Frame:
        if len(frame.columns["weight"]) == 3:
            waiting.set()
            await let.wait()
        return await lookup(frame)

    service = await started(
        tmp_path,
        *(REQUESTS, ROWS),
        chain=weighing(lookup=hold),
        **{"max_rows": 4, "max_queued_rows": 4, "in_flight": 1},
    )
    async with serving(service.app, linger_s=0.1) as lane:
        url = f"http://127.0.0.1:{lane.port}"
        async with httpx.AsyncClient(base_url=url, headers=AUTH) as client:
            three = asyncio.create_task(
                client.post("/predict/batch", json={"instances": [EXAMPLE] * 3})
            )
            await waiting.wait()
            queued = asyncio.create_task(client.post("/predict/batch", json=BATCH))
            await wait_for(lambda: service.dataplane.refusal() is not None)

            assert await _overloaded(way, client, url) == "overloaded"

            let.set()
            assert (await three).status_code == (await queued).status_code == 200
            last = await client.post("/predict", json=EXAMPLE)
    # Of the refused one nothing is gone but that a socket was opened.
    assert left(last) == {"requests": 1 if way == "stream" else 2, "rows": 2}


async def _overloaded(way: str, client: httpx.AsyncClient, url: str) -> Any:
    if way == "stream":
        async with stream(url, headers=AUTH.items()) as socket:
            return (await socket.ask(1, EXAMPLE))["error"]["code"]
    if way == "tensors":
        answer = await client.post(INFER, json={"inputs": tensors([EXAMPLE])})
        assert "waiting" in answer.json()["error"]
        return "overloaded" if answer.status_code == 429 else answer.status_code
    answer = await (
        client.post("/predict", json=EXAMPLE)
        if way == "predict"
        else client.post(
            "/predict/batch",
            json={"instances": [EXAMPLE]},
            headers={"accept": "application/x-ndjson"},
        )
    )
    return answer.json()["error"]["code"]
