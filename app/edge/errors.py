"""Turns every exception into the error body of its route's protocol; nothing internal leaks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

from ray.serve.metrics import Counter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.errors import (
    ClientGone,
    ErrorCode,
    ErrorDetail,
    Overloaded,
    WindsockError,
    own_form,
)
from deployments.log import get_logger

logger = get_logger(__name__)

Form = Callable[[ErrorDetail], bytes]
"""The body of an error, in JSON."""

_BY_STATUS = {
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    426: ErrorCode.UPGRADE_REQUIRED,
}
_LAST_WORDS_S = 1.0


class Errors:
    """Catches what the layers below raise.

    An answer that has begun is broken off, unless its handler has put into
    ``scope["state"]["last_words"]`` what makes an end of it from an ErrorDetail.

    ``forms`` has the form of the body by the first part of a path, where it is not our own.
    """

    def __init__(self, app: ASGIApp, forms: Mapping[str, Form] | None = None) -> None:
        self._app = app
        self._forms = forms or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        def watch(message: Message) -> Awaitable[None]:
            nonlocal begun
            begun = True
            return send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientGone:
            return
        except Exception as error:
            request_id: str = scope["state"]["request_id"]
            if begun:
                last_words = scope["state"].get("last_words")
                if last_words is None:
                    raise
                _, detail = told(error, request_id)
                async with asyncio.timeout(_LAST_WORDS_S):  # its client may have stopped to read
                    await send({"type": "http.response.body", "body": last_words(detail)})
                return
            status, headers, body = error_answer(error, request_id, self._form(scope))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    def _form(self, scope: Scope) -> Form:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        return self._forms.get(path.removeprefix("/").partition("/")[0], own_form)


@cache
def _errors() -> Counter:
    # When first needed, since Serve tags a metric with the replica that makes it.
    description = "Requests that were not answered with a prediction, by error code"
    return Counter("windsock_errors", description, tag_keys=("code",))


def count_error(code: str, times: int = 1) -> None:
    """Tell the metrics of requests that got this error."""
    _errors().inc(times, tags={"code": code})


def error_answer(
    error: Exception, request_id: str, form: Form = own_form
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body for what a request raised."""
    status, detail = told(error, request_id)
    body = form(detail)
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if isinstance(error, Overloaded):
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    elif isinstance(error, HTTPException) and status in _BY_STATUS:
        headers += [(k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()]
    headers.append((b"content-length", str(len(body)).encode()))
    return status, headers, body


def told(error: Exception, request_id: str) -> tuple[int, ErrorDetail]:
    """The status of an error and what the client is told of it, as the metrics are; the log has
    what is nobody's to know."""
    match error:
        case WindsockError():
            status, detail = error.code.status, error.detail(request_id)
        case HTTPException(status_code=status) if status in _BY_STATUS:
            detail = ErrorDetail(_BY_STATUS[status].code, error.detail, None, None, request_id)
        case _:
            logger.error("request %s failed", request_id, exc_info=error)
            status = ErrorCode.INTERNAL.status
            message = "an unexpected error; the server's log has it under this request id"
            detail = ErrorDetail(ErrorCode.INTERNAL.code, message, None, None, request_id)
    count_error(detail.code)
    return status, detail
