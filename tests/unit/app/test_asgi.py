import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode
from deployments.frames import Frame
from tests.support.asgi import chunks, drive, http
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE, parcels, store


def row(**changes: Any) -> bytes:
    return json.dumps(EXAMPLE | changes).encode()


def batch(*instances: Any) -> bytes:
    return json.dumps({"instances": instances}).encode()


@pytest.mark.parametrize(
    ("code", "request_line", "body", "field"),
    [
        (ErrorCode.MALFORMED_JSON, "POST /predict", b"{", None),
        (ErrorCode.INVALID_FIELD, "POST /predict", row(pieces="3"), "pieces"),
        (ErrorCode.MISSING_FIELD, "POST /predict", b"{}", "depot"),
        (ErrorCode.UNKNOWN_FIELD, "POST /predict", row(colour="red"), "colour"),
        (ErrorCode.OUT_OF_RANGE, "POST /predict", row(weight=1001), "weight"),
        (ErrorCode.EMPTY_BATCH, "POST /predict/batch", batch(), "instances"),
        (ErrorCode.BATCH_TOO_LARGE, "POST /predict/batch", batch(*"123456"), "instances"),
        (ErrorCode.BODY_TOO_LARGE, "POST /predict", b" " * 4097, None),
        (ErrorCode.NOT_FOUND, "GET /nowhere", b"", None),
        (ErrorCode.METHOD_NOT_ALLOWED, "GET /predict", b"", None),
    ],
)
async def test_every_refusal_has_the_one_body(
    client: httpx.AsyncClient, code: ErrorCode, request_line: str, body: bytes, field: str | None
) -> None:
    answer = await client.request(
        *request_line.split(), content=body, headers={"X-Request-Id": "r1"}
    )

    assert answer.status_code == code.status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error.pop("message")
    assert error == {"code": code.code, "field": field, "row": None, "request_id": "r1"}


@pytest.mark.parametrize("failure", [ConnectionError("10.0.0.7"), asyncio.CancelledError()])
async def test_a_failing_graph_is_unavailable(
    tmp_path: Path, limits: Limits, failure: BaseException
) -> None:
    failing = False

    async def look(frame: Frame) -> Frame:
        if failing:
            raise failure
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=look), "parcels")
    await dataplane.activate("1", BatchSettings())
    failing = True
    sent, _ = await drive(Application(dataplane, EdgeArgs(limits=limits)), http(), chunks(row()))

    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "unavailable"
    assert b"10.0.0.7" not in sent[1]["body"]


async def test_a_full_queue_is_overload_and_says_when_to_try_again(
    tmp_path: Path, limits: Limits
) -> None:
    go_on = asyncio.Event()
    go_on.set()

    async def slow(frame: Frame) -> Frame:
        await go_on.wait()
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=slow), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=1, in_flight=1, max_queued_rows=1))
    go_on.clear()
    app = Application(dataplane, EdgeArgs(limits=limits))
    requests = [asyncio.create_task(drive(app, http(), chunks(row()))) for _ in range(3)]
    done, _ = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
    go_on.set()
    answers = [sent for sent, _ in await asyncio.gather(*requests)]

    assert [sent[0]["status"] for sent in answers] == [200, 429, 429]
    (start, body), _ = done.pop().result()
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(body["body"])["error"]["code"] == "overloaded"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post"])
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
async def test_predictions_are_only_posted(app: ASGIApp, method: str, path: str) -> None:
    (start, _), unread = await drive(app, http(path, method), chunks(row()))

    assert start["status"] == 405
    assert dict(start["headers"])[b"allow"] == b"POST"
    assert len(unread) == 1


SERVICE = ["/", "/health", "/health/live", "/health/ready", "/models", "/openapi.json", "/docs"]


@pytest.mark.parametrize("path", SERVICE)
async def test_head_is_answered_like_get(client: httpx.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)

    assert head.status_code == get.status_code < 400
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [*SERVICE, "/docs/assets/swagger-ui.css"])
async def test_the_service_is_only_read(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "path",
    ["/predict/", "/predict/batch/", "//predict", "/PREDICT", "/predict/batch/1", "/é", "/%00"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_other_paths_are_not_found(client: httpx.AsyncClient, path: str, method: str) -> None:
    answer = await client.request(method, f"http://windsock{path}", content=row())

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_query_changes_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.post("/predict?lane=8", content=row())).status_code == 200


@pytest.mark.parametrize("host", [b"windsock", b"", b"a b", b"[::1", b"evil.test/@x", b"\xff"])
async def test_a_trailing_slash_of_a_page_is_redirected_whatever_the_host(
    app: ASGIApp, host: bytes
) -> None:
    (start, *_), _ = await drive(app, http("/health/", "GET", headers=[(b"host", host)]))

    assert start["status"] == 307
    assert dict(start["headers"])[b"location"].endswith(b"/health")


@pytest.mark.parametrize("given", ["/risk", ""], ids=["whole path", "path below the prefix"])
async def test_the_service_works_under_a_prefix(app: ASGIApp, given: str) -> None:
    transport = httpx.ASGITransport(app, root_path="/risk")
    base = f"http://windsock{given}"
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        assert (await client.post("/predict", content=row())).status_code == 200
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/")).headers["location"] == "/risk/docs"
        assert "/risk/openapi.json" in (await client.get("/docs")).text
        document = (await client.get("/openapi.json")).json()
        assert document["servers"] == [{"url": "/risk"}]


@pytest.mark.parametrize("path", ["/riskpredict", "/other/predict", "/risk/risk/predict"])
async def test_a_prefix_is_not_part_of_a_name(app: ASGIApp, path: str) -> None:
    (start, _), _ = await drive(app, http(path, root_path="/risk"), chunks(row()))

    assert start["status"] == 404


async def test_a_websocket_is_refused(app: ASGIApp) -> None:
    scope = http("/predict", type="websocket", subprotocols=[])

    sent, _ = await drive(app, scope, [{"type": "websocket.connect"}])

    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_server_may_start_and_stop_the_application(app: ASGIApp) -> None:
    messages: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    sent, _ = await drive(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, messages)

    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
