"""Streams of those who have shown who they are: how long that counts, and whose pages may."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import time

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from app.access.key_changes import create, revoke
from app.access.principal import Scope
from app.edge.options import RequestOptions
from app.serving.errors import Unauthenticated
from tests.support.fast_lane import serving
from tests.support.guarded import Guarded
from tests.support.issuer import Issuer
from tests.support.manifests import EXAMPLE
from tests.support.streams import stream
from tests.support.wait import wait_for

OUT = 1008, "what this client has shown counts no longer"


@pytest.fixture
async def url(service: Guarded) -> AsyncIterator[str]:
    async with serving(service.app, linger_s=0) as fast_lane:
        yield f"http://127.0.0.1:{fast_lane.port}"


def header(shown: str) -> list[tuple[str, str]]:
    return [("authorization", shown)]


async def test_a_stream_ends_when_its_key_is_revoked(service: Guarded, url: str) -> None:
    key = service.good["key"].removeprefix("Bearer ")
    other = create(service.settings, "ben", [Scope.PREDICT])
    async with stream(url, headers=header(f"Bearer {key}")) as client:
        assert "outputs" in await client.ask(1, EXAMPLE)
        revoke(service.settings, key[4:14])
        assert await client.ended() == OUT

    await wait_for(lambda: counts(service, f"Bearer {other}"))
    async with stream(url, headers=header(f"Bearer {other}")) as client:
        assert "outputs" in await client.ask(1, EXAMPLE)


@pytest.mark.parametrize("kind", ["key", "token"])
async def test_a_stream_ends_when_what_was_shown_expires(
    service: Guarded, issuer: Issuer, url: str, kind: str
) -> None:
    if kind == "token":
        shown = issuer.token(exp=time() + 2).decode()
    else:
        end = datetime.now(UTC) + timedelta(seconds=2)
        shown = create(service.settings, "ben", [Scope.PREDICT], expires=end)
        await wait_for(lambda: counts(service, f"Bearer {shown}"))
    async with stream(url, headers=header(f"Bearer {shown}")) as client:
        assert "outputs" in await client.ask(1, EXAMPLE)
        assert await client.ended() == OUT


async def test_one_that_was_opened_with_a_ticket_ends_with_its_key(
    service: Guarded, url: str
) -> None:
    shown = service.good["key"]
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post(
            "/predict/stream/ticket", headers={"authorization": shown, "origin": url}
        )
    assert answer.headers["cache-control"] == "no-store"
    query = f"?ticket={answer.json()['ticket']}"

    async with stream(url, query, [("origin", url)]) as client:
        assert "outputs" in await client.ask(1, EXAMPLE)
        revoke(service.settings, shown.removeprefix("Bearer ")[4:14])
        assert await client.ended() == OUT


async def test_a_ticket_of_a_key_that_is_revoked_counts_no_longer(
    service: Guarded, url: str
) -> None:
    shown = service.good["key"]
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/predict/stream/ticket", headers={"authorization": shown})
    revoke(service.settings, shown.removeprefix("Bearer ")[4:14])
    await wait_for(lambda: not counts(service, shown))

    with pytest.raises(InvalidStatus) as raised:
        async with stream(url, f"?ticket={answer.json()['ticket']}"):
            pass
    assert raised.value.response.status_code == 401


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.test", 403), ("null", 403), (None, 101), ("own", 101)]
)
async def test_pages_of_others_open_none_even_with_a_key(
    service: Guarded, url: str, origin: str | None, status: int
) -> None:
    headers = header(service.good["key"])
    if origin is not None:
        headers.append(("origin", url if origin == "own" else origin))
    if status == 101:
        async with stream(url, headers=headers) as client:
            assert "outputs" in await client.ask(1, EXAMPLE)
        return
    with pytest.raises(InvalidStatus) as raised:
        async with stream(url, headers=headers):
            pass
    assert raised.value.response.status_code == status
    assert b"forbidden_origin" in (raised.value.response.body or b"")


def counts(service: Guarded, shown: str) -> bool:
    """Whether the replica knows it by now."""
    assert service.guards.authenticator is not None
    options = RequestOptions([(b"authorization", shown.encode())])
    try:
        return service.guards.authenticator.known(options, socket=False) is not None
    except Unauthenticated:
        return False
