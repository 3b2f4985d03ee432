"""Turns every exception into the one error body; nothing internal leaks."""

from functools import cache

import msgspec
from ray.serve.metrics import Counter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ClientGone, ErrorBody, ErrorCode, ErrorDetail, Overloaded, WindsockError
from deployments.log import get_logger

logger = get_logger(__name__)

_BY_STATUS = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}


class Errors:
    """Catches what the layers below raise, as long as no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientGone:
            return
        except Exception as error:
            if begun:
                raise
            status, headers, body = error_answer(error, scope["state"]["request_id"])
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})


@cache
def _errors() -> Counter:
    # When first needed, since Serve tags a metric with the replica that makes it.
    description = "Requests that were not answered with a prediction, by error code"
    return Counter("windsock_errors", description, tag_keys=("code",))


def count_error(code: str, times: int = 1) -> None:
    """Tell the metrics of requests that got this error."""
    _errors().inc(times, tags={"code": code})


def error_answer(error: Exception, request_id: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body for what a request raised."""
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    match error:
        case WindsockError():
            status, detail = error.code.status, error.detail(request_id)
            if isinstance(error, Overloaded):
                headers.append((b"retry-after", str(error.retry_after_s).encode()))
        case HTTPException(status_code=status) if status in _BY_STATUS:
            detail = ErrorDetail(_BY_STATUS[status].code, error.detail, None, None, request_id)
            headers += [(k.lower().encode(), v.encode()) for k, v in (error.headers or {}).items()]
        case _:
            logger.error("request %s failed", request_id, exc_info=error)
            status = ErrorCode.INTERNAL.status
            message = "an unexpected error; the server's log has it under this request id"
            detail = ErrorDetail(ErrorCode.INTERNAL.code, message, None, None, request_id)
    count_error(detail.code)
    body = msgspec.json.encode(ErrorBody(detail))
    headers.append((b"content-length", str(len(body)).encode()))
    return status, headers, body
