"""What every door keeps from the application, and to itself."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.doors import foreign_headers
from tests.support.doors import DOORS, door
from tests.support.http1 import Connection

FOREIGN = {
    "X-Request-Timeout-Seconds": "-1",
    "x_request_timeout_seconds": "-1",
    "x-request-disconnect-disabled": "?1",
    "serve_multiplexed_model_id": "theirs",
    "Serve-Multiplexed-Model-Id": "theirs",
    "x-session-id": "theirs",
    "X_Session_Id": "theirs",
    "x-serve-router-target": "theirs",
    "X-Forwarded-For": "203.0.113.7",
    "x-forwarded-proto": "https",
    "X-Forwarded-Host": "theirs",
    "forwarded": "for=203.0.113.7;proto=https",
    "x-real-ip": "203.0.113.7",
}
OWN = {"x-request-id": "mine", "x-request-timeout-ms": "1000", "authorization": "Bearer mine"}


class Seen:
    """Answers anything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in ("/health/live", "/health/ready", "/-/healthz"):
            self.scopes.append(scope)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(params=DOORS)
async def before(request: pytest.FixtureRequest, seen: Seen) -> AsyncIterator[tuple[str, int]]:
    """Each door before what keeps all that it is asked."""
    async with door(request.param, seen) as port:
        yield request.param, port


def get(path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "host: test", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def test_what_ray_or_a_proxy_would_obey_is_not_for_clients(
    before: tuple[str, int], seen: Seen
) -> None:
    kind, port = before
    async with Connection.to(port) as connection:
        connection.write(get("/any", **FOREIGN, **OWN))
        assert (await connection.answer()).status == 200

    (scope,) = seen.scopes
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    assert headers.items() >= OWN.items()
    # The fast lane, which obeys none, has nothing behind it that would.
    assert kind == "fast-lane" or not {name.lower() for name in FOREIGN} & headers.keys()
    assert (scope["client"][0], scope["scheme"]) == ("127.0.0.1", "http")


async def test_no_server_says_what_it_is(before: tuple[str, int]) -> None:
    async with Connection.to(before[1]) as connection:
        for data in (get("/any"), get("/fast-lane"), get("/-/routes"), get("/-/healthz")):
            connection.write(data)
            answer = await connection.answer()
            assert not {"server", "via", "x-powered-by"} & answer.headers.keys()
            if answer.headers.get("connection") == "close":
                break


@pytest.mark.parametrize("kind", ["ray", "front", "haproxy"])
@pytest.mark.parametrize("path", ["/-/routes", "/-/ROUTES", "/-/", "/-/metrics", "/-/%72outes"])
async def test_rays_own_routes_are_not_there(kind: str, path: str, app: ASGIApp) -> None:
    async with door(kind, app) as port, Connection.to(port) as connection:
        connection.write(get(path))
        answer = await connection.answer()

    assert answer.status == 404
    assert json.loads(answer.body)["error"]["code"] == "not_found"


@pytest.mark.parametrize("kind", ["front", "haproxy"])
async def test_where_replicas_are_is_not_for_clients(kind: str, seen: Seen) -> None:
    async with door(kind, seen) as port, Connection.to(port) as connection:
        connection.write(get("/fast-lane?x=1"))
        assert (await connection.answer()).status == 404

    assert seen.scopes == []


async def test_rays_routes_are_no_sockets_either(app: ASGIApp) -> None:
    async with door("ray", app) as port, Connection.to(port) as connection:
        handshake = {
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        connection.write(get("/-/routes", **handshake))
        assert (await connection.head()).startswith(b"HTTP/1.1 403")


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doors of ours that wait less long."""
    monkeypatch.setattr("app.doors.ray.http.HEAD_S", 0.3)
    patience = ("timeout http-request 300ms", "option http-ignore-probes")
    monkeypatch.setattr("app.ray_private.haproxy_surface.PATIENCE", patience)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", ["ray", "haproxy"])
async def test_a_head_that_does_not_end_is_not_waited_for(kind: str, seen: Seen) -> None:
    """test_clients.py has the same of the fast lane."""
    async with door(kind, seen) as port:
        async with Connection.to(port) as slow, asyncio.timeout(10):
            slow.write(b"GET /any HTTP/1.1\r\nhost: test\r\nx-slow: ")
            while not await slow.within(0.05):
                slow.write(b"x")
        async with Connection.to(port) as other:
            other.write(get("/any"))
            assert (await other.answer()).status == 200

    assert len(seen.scopes) == 1


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        (b"x-forwarded-for", True),
        (b"x-forwarded", False),
        (b"forwarded", True),
        (b"not-forwarded", False),
        (b"x_request_id", True),
        (b"caf\xc3\xa9", True),
        (b"new\nline", True),
        (b"traceparent", False),
        (b"x-request-timeout-ms", False),
    ],
)
def test_which_are_foreign(name: bytes, taken: bool) -> None:
    assert foreign_headers.foreign(name) is taken
