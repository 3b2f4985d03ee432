"""Turns every exception into what a client may know of it; nothing internal leaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from app.edge.layers import Call, Handler
from app.serving.errors import ClientGone, ErrorCode, ErrorDetail, InvalidRequest, WindsockError
from deployments.log import get_logger

logger = get_logger(__name__)

CLIENT_GONE = "client_gone"
"""In metrics, the code of a request whose client left before it was answered."""


@dataclass(frozen=True, slots=True, eq=False)
class ErrorForm:
    """The body of an error over HTTP, by the protocol whose paths have it: its type, and how it is
    written in JSON."""

    protocol: str
    body: type[msgspec.Struct]
    encode: Callable[[ErrorDetail], bytes]


class Errors:
    """The layer that answers what the ones below raise, leaves its ``code`` in the options, and
    logs what is unexpected."""

    errors = (ErrorCode.INTERNAL,)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, call: Call) -> Any:
        try:
            return await self._handler(call)
        except ClientGone:
            call.options.code = CLIENT_GONE
            return None
        except Exception as error:
            log_unforeseen(error, call.options.request_id)
            public = public_error(error)
            call.options.code = public.code.code
            return await call.refuse(public)


def public_error(error: Exception) -> WindsockError:
    """The error itself where it is meant for the client, one that says nothing where it is not."""
    if isinstance(error, WindsockError):
        return error
    hidden = WindsockError("an unexpected error; the server's log has it under this request id")
    hidden.__cause__ = error
    return hidden


def log_unforeseen(error: Exception, request_id: str) -> None:
    """Log an error of this request if nobody foresaw it."""
    if not isinstance(error, WindsockError):
        logger.error("request %s failed", request_id, exc_info=error)


def body_too_large(limit: int) -> InvalidRequest:
    """The refusal of a body over ``limit`` bytes."""
    return InvalidRequest(
        ErrorCode.BODY_TOO_LARGE, f"the body is over {limit} bytes: send less at a time"
    )
