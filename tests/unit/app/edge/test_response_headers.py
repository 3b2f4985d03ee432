import contextlib

from starlette.types import Receive, Scope, Send

from app.edge.response_headers import ResponseHeaders
from tests.support.asgi import drive, http


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_it_returns_the_request_id_as_ray_does() -> None:
    (start, body), _ = await drive(ResponseHeaders(app), http(headers=[(b"x-request-id", b"r1")]))
    assert start["headers"] == [(b"a", b"b"), (b"x-request-id", b"r1")]
    assert body["body"] == b"hello"


async def test_while_closing_it_asks_for_the_connection_to_be_closed() -> None:
    door = ResponseHeaders(app)
    door.closing = True
    (start, _), _ = await drive(door, http())
    assert (b"connection", b"close") in start["headers"]


async def test_it_counts_what_is_under_way() -> None:
    seen: list[int] = []

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(door.ongoing)
        raise ValueError

    door = ResponseHeaders(counting)
    for _ in range(2):
        with contextlib.suppress(ValueError):
            await drive(door, http())
    assert seen == [1, 1]
    assert door.ongoing == 0
