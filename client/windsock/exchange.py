"""One request over HTTP: what is sent, and what its answer or its failure means."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeVar

import httpx

from windsock.connections import KEEP_S
from windsock.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    InvalidRequest,
    Unavailable,
    Unreachable,
    Untrusted,
    WindsockError,
    error_of,
)
from windsock.options import Settings
from windsock.retries import Try
from windsock.traces import trace_headers

T = TypeVar("T")

REQUEST_ID = "x-request-id"

AGENT = f"windsock-client/{version('windsock-client')}"
ONE = httpx.Limits(max_connections=1, keepalive_expiry=KEEP_S)
"""For ``Connections``."""


def new_request_id() -> str:
    """One that nobody else has."""
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class Question:
    """A request that may be tried several times, under one id in the servers' logs."""

    method: str
    path: str
    body: bytes | None = None
    request_id: str = field(default_factory=new_request_id)

    def at(self, http: httpx.Client | httpx.AsyncClient, attempt: Try, settings: Settings) -> Any:
        """The request of one try."""
        headers = {
            REQUEST_ID: self.request_id,
            "x-request-timeout-ms": str(attempt.told_ms),
            **trace_headers(),
            **settings.credentials.headers(),
        }
        if self.body is not None:
            headers["content-type"] = "application/json"
        limit_s = attempt.limit_s
        connect_s = min(limit_s, settings.connect_timeout)
        return http.build_request(
            self.method,
            attempt.endpoint.url + self.path,
            content=self.body,
            headers=headers,
            timeout=httpx.Timeout(limit_s, connect=connect_s),
        )


def understood(response: httpx.Response, attempt: Try, read: Callable[[Any], T]) -> T:
    """What ``read`` makes of an answer's JSON. Raises WindsockError for any other answer."""
    url, way = attempt.endpoint.url, attempt.endpoint.way
    said = decoded(response.content)
    if response.status_code != httpx.codes.OK:
        retry_after = response.headers.get("retry-after")
        raise error_of(response.status_code, said, endpoint=url, way=way, retry_after=retry_after)
    try:
        return read(said)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable(
            f"{url}{way} answered with status 200 and nothing of Windsock's: does this address "
            "lead to it?",
            endpoint=url,
        ) from error


def decoded(content: bytes | bytearray) -> Any:
    """The JSON of an answer, None where it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def unreachable(error: Exception, attempt: Try) -> Unreachable:
    """What it means that there was no connection."""
    kind = Untrusted if "CERTIFICATE_VERIFY_FAILED" in str(error) else Unreachable
    endpoint = attempt.endpoint
    return kind(f"no connection could be made{endpoint.way}: {error}", endpoint=endpoint.url)


def failure(error: Exception, attempt: Try) -> WindsockError:
    """What it means that there was no answer."""
    url, way = attempt.endpoint.url, attempt.endpoint.way
    told: WindsockError
    match error:
        case httpx.ConnectTimeout():
            told = Unreachable(f"no connection could be made{way} in time", endpoint=url)
        case httpx.TimeoutException() | TimeoutError():
            told = DeadlineExceeded(f"no answer within {attempt.limit_s:.3g} s", endpoint=url)
        case httpx.ConnectError() | httpx.ProxyError():
            told = unreachable(error, attempt)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            told = InvalidRequest(f"this cannot be sent: {error}", endpoint=url)
        case httpx.DecodingError():
            told = Unavailable(f"the answer cannot be read: {error}", endpoint=url)
        case _:
            told = ConnectionFailed(f"the connection{way} broke: {error!r}", endpoint=url)
    told.__cause__ = error
    return told
