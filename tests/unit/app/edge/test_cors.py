"""Pages of other origins. tests/unit/app/doors asks in a real browser."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.types import ASGIApp

from app.asgi import Application
from app.config import CorsSettings, EdgeArgs, Limits
from app.edge.cors import cross_origin
from app.serving.dataplane import Dataplane
from deployments.metrics.catalogue.requests import REQUESTS
from tests.support.asgi import drive, http
from tests.support.counted import Counted
from tests.support.manifests import EXAMPLE

PAGE, OTHER = "https://shop.test", "https://other.test:8443"


def application(dataplane: Dataplane, **settings: Any) -> ASGIApp:
    cors = CorsSettings(**{"origins": [PAGE], **settings})
    args = EdgeArgs(limits=Limits(max_body_bytes=4096), cors=cors)
    return cross_origin(Application(dataplane, args), cors)


@pytest.fixture
async def page(dataplane: Dataplane) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(dataplane))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


def preflight(origin: str, **more: str) -> Mapping[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-request-timeout-ms",
        **more,
    }


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/v2/models/parcels/infer", "/x"])
async def test_a_page_may_ask_before_it_posts(page: httpx.AsyncClient, path: str) -> None:
    answer = await page.options(path, headers=preflight(PAGE))

    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "x-request-timeout-ms" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in answer.headers


async def test_one_of_another_origin_may_not(page: httpx.AsyncClient) -> None:
    answer = await page.options("/predict", headers=preflight(OTHER))

    assert answer.is_client_error
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/predict", EXAMPLE, 200),
        ("POST", "/predict", {}, 422),
        ("POST", "/predict", {"depot": "x" * 5000}, 413),
        ("POST", "/predict/batch", {"instances": [EXAMPLE]}, 200),
        ("POST", "/v2/models/parcels/infer", {}, 422),
        ("GET", "/predict", None, 405),
        ("GET", "/nowhere", None, 404),
        ("GET", "/health", None, 200),
    ],
)
async def test_it_may_have_every_answer_and_every_error(
    page: httpx.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    answer = await page.request(method, path, json=body, headers={"origin": PAGE})
    other = await page.request(method, path, json=body, headers={"origin": OTHER})
    plain = await page.request(method, path, json=body)

    assert {one.status_code for one in (answer, other, plain)} == {status}
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "origin" in answer.headers["vary"].lower()
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    for one in (other, plain):
        assert "access-control-allow-origin" not in one.headers


async def test_lines_may_be_had_too(page: httpx.AsyncClient) -> None:
    headers = {"origin": PAGE, "accept": "application/x-ndjson"}
    answer = await page.post("/predict/batch", json={"instances": [EXAMPLE]}, headers=headers)

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["access-control-allow-origin"] == PAGE


async def test_credentials_are_allowed_where_they_are(dataplane: Dataplane) -> None:
    transport = httpx.ASGITransport(application(dataplane, credentials=True))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        answer = await client.get("/health", headers={"origin": PAGE})

    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_any_origin_may_be_allowed(dataplane: Dataplane) -> None:
    transport = httpx.ASGITransport(application(dataplane, origins=["*"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        answer = await client.get("/health", headers={"origin": OTHER})

    assert answer.headers["access-control-allow-origin"] == "*"


def test_without_settings_it_is_the_application_itself(app: ASGIApp) -> None:
    assert cross_origin(app, None) is app


async def test_without_settings_nothing_is_allowed(client: httpx.AsyncClient) -> None:
    asked = await client.options("/predict", headers=preflight(PAGE))
    answer = await client.get("/health", headers={"origin": PAGE})

    assert (asked.status_code, answer.status_code) == (405, 200)
    assert "access-control-allow-origin" not in asked.headers.keys() | answer.headers.keys()


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {"origin": PAGE}, None),
        ({}, {"origin": OTHER}, 403),
        ({}, {"origin": "null"}, 403),
        ({}, {}, None),
        ({}, {"origin": "http://own:8001", "host": "own:8001"}, None),
        ({}, {"origin": "http://own:8002", "host": "own:8001"}, 403),
        ({"origins": ["*"]}, {"origin": OTHER}, None),
    ],
)
async def test_who_may_open_a_socket(
    dataplane: Dataplane, settings: Any, headers: dict[str, str], status: int | None
) -> None:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = http("/predict/stream", type="websocket", headers=given)
    scope["extensions"] = {"websocket.http.response": {}}
    del scope["method"]
    messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]
    sent, _ = await drive(application(dataplane, **settings), scope, messages)

    if status is None:
        assert sent[0]["type"] == "websocket.accept"
    else:
        assert sent[0]["status"] == status
        assert b"forbidden_origin" in sent[1]["body"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"origins": []},
        {"origins": ["shop.test"]},
        {"origins": ["https://shop.test/"]},
        {"origins": ["https://Shop.test"]},
        {"origins": ["https://*.shop.test"]},
        {"origins": ["*"], "credentials": True},
        {"origins": [PAGE], "max_age_s": -1},
        {"origins": [PAGE], "mistyped": 1},
    ],
)
def test_settings_that_could_not_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CorsSettings.model_validate(settings)


def test_an_address_may_be_an_origin() -> None:
    CorsSettings(origins=["http://127.0.0.1:3000", "http://[::1]:3000", "chrome-extension://abc"])


@pytest.mark.parametrize(("origin", "code"), [(PAGE, "ok"), (OTHER, "forbidden_origin")])
async def test_what_a_browser_asks_beforehand_is_counted_once(
    page: httpx.AsyncClient, origin: str, code: str
) -> None:
    counted = Counted()
    await page.options("/predict", headers=preflight(origin))

    assert counted(REQUESTS) == {("", "", "rest", "ray_http", code): 1}
