import asyncio
import json

import pytest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Scope

from app.edge import http as edge_http
from app.edge.errors import Errors
from app.edge.http import HttpCall
from app.edge.layers import Handler
from app.serving.errors import (
    ClientGone,
    ErrorCode,
    InvalidRequest,
    Overloaded,
    Unavailable,
    WindsockError,
)
from tests.support.asgi import drive, http
from tests.support.calls import application


def request() -> Scope:
    return http(headers=[(b"x-request-id", b"r1")])


def answering(handler: Handler) -> ASGIApp:
    return application(Errors(handler))


async def answer(error: BaseException) -> tuple[int, dict[str, str], dict[str, object]]:
    async def handler(call: HttpCall) -> None:
        raise error

    (start, body), _ = await drive(answering(handler), request())
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["content-length"] == str(len(body["body"]))
    assert headers["content-type"] == "application/json"
    document = json.loads(body["body"])
    assert document.keys() == {"error"}
    return start["status"], headers, document["error"]


@pytest.mark.parametrize("code", list(ErrorCode))
async def test_every_code_has_the_one_body(code: ErrorCode) -> None:
    status, _, error = await answer(InvalidRequest(code, "what", "weight", 3))

    assert status == code.status
    assert error == {
        "code": code.code,
        "message": "what",
        "field": "weight",
        "row": 3,
        "request_id": "r1",
    }


async def test_what_does_not_apply_is_null() -> None:
    status, _, error = await answer(Unavailable("no version"))

    assert status == 503
    assert (error["field"], error["row"]) == (None, None)


async def test_overload_says_when_to_try_again() -> None:
    status, headers, error = await answer(Overloaded("full", retry_after_s=7))

    assert (status, error["code"], headers["retry-after"]) == (429, "overloaded", "7")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.NOT_FOUND, 404),
        (ErrorCode.METHOD_NOT_ALLOWED, 405),
        (ErrorCode.UPGRADE_REQUIRED, 426),
    ],
)
async def test_the_routers_errors_have_the_body_too(code: ErrorCode, status: int) -> None:
    refusal = InvalidRequest(code, "words")
    refusal.headers = [("allow", "POST")]
    got, headers, error = await answer(refusal)

    assert (got, error["code"], error["message"]) == (status, code.code, "words")
    assert headers["allow"] == "POST"


@pytest.mark.parametrize(
    "error", [ValueError("password=hunter2"), HTTPException(418, "hunter2"), KeyError("hunter2")]
)
async def test_nothing_internal_leaks(error: Exception, log: pytest.LogCaptureFixture) -> None:
    status, _, detail = await answer(error)

    assert (status, detail["code"], detail["request_id"]) == (500, "internal", "r1")
    assert "hunter2" not in str(detail)
    assert "request r1 failed" in log.text
    assert "hunter2" in log.text


async def test_the_clients_mistakes_are_not_logged(log: pytest.LogCaptureFixture) -> None:
    await answer(InvalidRequest(ErrorCode.MISSING_FIELD, "what"))
    await answer(Overloaded("full"))

    assert log.records == []


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    async def handler(call: HttpCall) -> None:
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        raise WindsockError("too late")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(WindsockError, match="too late"):
        await answering(handler)(request(), _nothing, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def begin(call: HttpCall) -> None:
    """An answer that fails once it has begun, and whose handler knows how to end it."""
    call.last_words = lambda detail: f"{detail.code} {detail.request_id}".encode()
    await call.send({"type": "http.response.start", "status": 200, "headers": []})
    await call.send({"type": "http.response.body", "body": b"so far ", "more_body": True})
    raise WindsockError("too late")


async def test_an_answer_that_has_begun_ends_as_its_handler_says() -> None:
    sent, _ = await drive(answering(begin), request())

    assert b"".join(message.get("body", b"") for message in sent) == b"so far internal r1"
    assert not sent[-1].get("more_body")


async def test_nobody_waits_long_for_a_client_to_take_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(edge_http, "_LAST_WORDS_S", 0.01)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await answering(begin)(request(), _nothing, send)


async def test_a_client_that_has_left_gets_no_answer(log: pytest.LogCaptureFixture) -> None:
    async def handler(call: HttpCall) -> None:
        raise ClientGone

    sent, _ = await drive(answering(handler), request())

    assert sent == []
    assert log.records == []


async def test_a_cancelled_request_stays_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError):
        await answer(asyncio.CancelledError())


async def _nothing() -> Message:
    raise AssertionError
