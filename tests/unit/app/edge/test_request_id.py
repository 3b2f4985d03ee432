from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.edge.request_id import RequestId
from tests.support.asgi import drive, http


async def request_id(*headers: tuple[bytes, bytes], **more: Any) -> str:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["state"]["request_id"])

    await drive(RequestId(app), http(headers=list(headers), **more))
    return seen[0]


@pytest.mark.parametrize("given", ["a", "7f9e-15:288080/1", "~!@#", "x" * 128])
async def test_a_sound_id_of_the_client_is_kept(given: str) -> None:
    assert await request_id((b"x-request-id", given.encode())) == given


@pytest.mark.parametrize(
    "given", [b"", b" ", b"two words", b"line\nbreak", b"x" * 129, "ü".encode(), b"\x00", b"a\x7f"]
)
async def test_an_unsound_one_is_replaced(given: bytes) -> None:
    made = await request_id((b"x-request-id", given))

    assert len(made) == 32
    assert made.isalnum()


async def test_without_one_each_request_gets_its_own() -> None:
    assert await request_id() != await request_id()


async def test_the_first_of_several_counts() -> None:
    assert await request_id((b"x-request-id", b"a"), (b"x-request-id", b"b")) == "a"


async def test_other_headers_are_not_taken_for_it() -> None:
    assert await request_id((b"x-request-id-2", b"a"), (b"request-id", b"b")) not in {"a", "b"}


async def test_the_servers_state_is_kept() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["state"].keys() == {"pool", "request_id"}

    await drive(RequestId(app), http(state={"pool": object()}))


async def test_a_websocket_has_an_id_too() -> None:
    assert await request_id((b"x-request-id", b"a"), type="websocket") == "a"


async def test_lifespan_passes_untouched() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    await drive(RequestId(app), {"type": "lifespan"})

    assert seen == [{"type": "lifespan"}]
