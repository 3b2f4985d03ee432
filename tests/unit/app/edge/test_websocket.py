import json
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Scope

from app.edge.errors import Errors
from app.edge.websocket import SocketCall, close
from app.serving.errors import Overloaded, Unavailable
from tests.support.asgi import drive
from tests.support.calls import application

ANSWERS: dict[str, dict[str, Any]] = {"websocket.http.response": {}}


def socket(**more: Any) -> Scope:
    headers = [(b"x-request-id", b"r1")]
    return {"type": "websocket", "path": "/predict/stream", "headers": headers, **more}


def raising(error: Exception, *first: Message) -> ASGIApp:
    async def handler(call: SocketCall) -> None:
        for message in first:
            await call.send(message)
        raise error

    return application(Errors(handler))


async def test_before_it_is_accepted_an_error_is_the_answer_of_a_request() -> None:
    (start, body), _ = await drive(
        raising(Overloaded("full", retry_after_s=7)), socket(extensions=ANSWERS)
    )

    assert start["type"] == "websocket.http.response.start"
    assert start["status"] == 429
    headers = dict(start["headers"])
    assert (headers[b"retry-after"], headers[b"x-request-id"]) == (b"7", b"r1")
    assert body["type"] == "websocket.http.response.body"
    error = json.loads(body["body"])["error"]
    assert (error["code"], error["message"], error["request_id"]) == ("overloaded", "full", "r1")


@pytest.mark.parametrize(("error", "code"), [(Unavailable("not yet"), 1013), (ValueError(), 1013)])
async def test_where_the_server_can_send_none_it_is_closed(error: Exception, code: int) -> None:
    (told,), _ = await drive(raising(error), socket())

    assert (told["type"], told["code"]) == ("websocket.close", code)


async def test_afterwards_it_closes_the_socket_and_nothing_internal_leaks(
    log: pytest.LogCaptureFixture,
) -> None:
    (_, told), _ = await drive(
        raising(ValueError("hunter2"), {"type": "websocket.accept"}), socket(extensions=ANSWERS)
    )

    assert (told["type"], told["code"]) == ("websocket.close", 1011)
    assert "hunter2" not in told["reason"]
    assert "hunter2" in log.text


def test_a_reason_fits_its_frame() -> None:
    reason = close(1000, "ä" * 100)["reason"]

    assert reason == "ä" * 61
    assert close(1000, "short")["reason"] == "short"
