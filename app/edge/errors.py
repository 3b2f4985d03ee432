"""Turns every exception into what a client may know of it; nothing internal leaks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from ray.serve.metrics import Counter

from app.edge.layers import Call, Handler
from app.serving.errors import ClientGone, ErrorCode, ErrorDetail, InvalidRequest, WindsockError
from deployments.log import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ErrorForm:
    """The body of an error over HTTP: its type, and how it is written in JSON."""

    body: type[msgspec.Struct]
    encode: Callable[[ErrorDetail], bytes]


class Errors:
    """The layer that answers what the ones below raise, counts it, and logs what is unexpected."""

    errors = (ErrorCode.INTERNAL,)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, call: Call) -> Any:
        try:
            return await self._handler(call)
        except ClientGone:
            return None
        except Exception as error:
            record_error(error, call.options.request_id)
            return await call.refuse(public_error(error))


def public_error(error: Exception) -> WindsockError:
    """The error itself where it is meant for the client, one that says nothing where it is not."""
    if isinstance(error, WindsockError):
        return error
    hidden = WindsockError("an unexpected error; the server's log has it under this request id")
    hidden.__cause__ = error
    return hidden


def record_error(error: Exception, request_id: str) -> None:
    """Count a request that got this error, and log one that nobody foresaw."""
    if not isinstance(error, WindsockError):
        logger.error("request %s failed", request_id, exc_info=error)
    count_error(public_error(error).code.code)


def body_too_large(limit: int) -> InvalidRequest:
    """The refusal of a body over ``limit`` bytes."""
    return InvalidRequest(
        ErrorCode.BODY_TOO_LARGE, f"the body is over {limit} bytes: send less at a time"
    )


@cache
def _errors() -> Counter:
    # When first needed, since Serve tags a metric with the replica that makes it.
    description = "Requests that were not answered with a prediction, by error code"
    return Counter("windsock_errors", description, tag_keys=("code",))


def count_error(code: str, times: int = 1) -> None:
    """Tell the metrics of requests that got this error."""
    _errors().inc(times, tags={"code": code})
