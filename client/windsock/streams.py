"""The connection of a stream: to which endpoint, how, and what its end means. No I/O."""

import logging
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from ssl import SSLContext
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidStatus, ProxyError

from windsock.client import VALUES
from windsock.endpoints import Endpoints
from windsock.errors import (
    ConnectionFailed,
    Misconfigured,
    WindsockError,
    error_of,
)
from windsock.exchange import AGENT, REQUEST_ID, decoded, unreachable
from windsock.options import Settings
from windsock.retries import Call, Try
from windsock.traces import trace_headers

_STREAM = "/predict/stream"
_TOO_LARGE = 1009  # RFC 6455, 7.4.1
# One that has just broken a connection is not down yet, and still the preferred one.
_STAY_S = 1.0
# What a connection leaves unanswered waits for its end, and has been read for the last time.
_CLOSE_S = 0.25
# The synchronous connection's threads race at its end, and log an error that is none.
_LOGGER = logging.getLogger("windsock.websockets")
_LOGGER.setLevel(logging.CRITICAL)


class Link:
    """Chooses the endpoint of each connection as calls do theirs: what lies between two answers is
    one call. All connections of a stream have one request id, ``name``."""

    def __init__(
        self,
        endpoints: Endpoints,
        call: Callable[[], Call],
        settings: Settings,
        *,
        tls: SSLContext | None,
        values: bool,
        clock: Callable[[], float],
        name: str | None = None,
    ) -> None:
        self._name = name
        self._endpoints = endpoints
        self._new_call = call
        self._call: Call | None = None
        self._settings = settings
        self._tls = tls
        self._query = VALUES if values else ""
        self._clock = clock
        self._attempt: Try | None = None

    @property
    def moves(self) -> bool:
        """Whether another endpoint is to be preferred to the one of the connection by now."""
        attempt = self._attempt
        if attempt is None or attempt.endpoint is self._endpoints.preferred:
            return False
        return self._clock() - attempt.begun >= _STAY_S

    @property
    def url(self) -> str | None:
        """Of the endpoint of the connection."""
        return self._attempt.endpoint.url if self._attempt else None

    def next(self) -> Try:
        """The next connection to try. Raises what the last one failed with, as calls do."""
        self._call = self._call or self._new_call()
        return self._call.next()

    def failed(self, attempt: Try, error: Exception) -> None:
        """There was no connection."""
        assert self._call is not None
        self._call.failed(attempt, _failure(error, attempt))

    def opened(self, attempt: Try) -> bool:
        """There is one; whether it is to another endpoint than the one before."""
        before, self._attempt = self._attempt, replace(attempt, begun=self._clock())
        return before is not None and before.endpoint is not attempt.endpoint

    def heard(self, *, refused: bool) -> None:
        """The server has said something: an answer, or that a row must wait."""
        assert self._attempt is not None
        self._call = None
        if refused:
            self._endpoints.bad(self._attempt.endpoint, self._attempt.begun)
        else:
            self._endpoints.good(self._attempt.endpoint)

    def lost(self) -> None:
        """The connection ended. Only one that was of no use is held against its endpoint: a server
        that stops or is updated closes all of its connections, and is there again at once."""
        if self._call is not None:
            self._blame("the connection broke before it had answered anything")

    def silent(self) -> None:
        """The server owes answers, and says nothing."""
        self._call = self._call or self._new_call()
        self._blame("nothing was heard from the server, which owes answers")

    def address(self, attempt: Try) -> str:
        return f"ws{attempt.endpoint.url.removeprefix('http')}{_STREAM}{self._query}"

    def options(self, attempt: Try) -> dict[str, Any]:
        """For ``connect`` of ``websockets``, either of them. Raises Misconfigured."""
        endpoint = attempt.endpoint
        if endpoint.proxy and endpoint.proxy.socks and find_spec("python_socks") is None:
            raise Misconfigured(
                f"a stream{endpoint.way} needs more: pip install 'windsock-client[socks]'"
            )
        given = self._settings.headers.items()
        return {
            "additional_headers": {
                **trace_headers(),
                **{name: line for name, line in given if name.lower() != REQUEST_ID},
                **self._settings.credentials.headers(),
                **({REQUEST_ID: self._name} if self._name else {}),
            },
            "user_agent_header": AGENT,
            "open_timeout": min(attempt.limit_s, self._settings.connect_timeout),
            "close_timeout": _CLOSE_S,
            "compression": None,
            "logger": _LOGGER,
            # The window is the bound. A lower one would stop our reading, then the server's, and
            # with it our sending, on which the reading waits after a new connection.
            "max_queue": None,
            "proxy": endpoint.proxy.url if endpoint.proxy else None,
            **({"ssl": self._tls} if endpoint.url.startswith("https") else {}),
        }

    def _blame(self, why: str) -> None:
        assert self._call is not None
        assert self._attempt is not None
        url = self._attempt.endpoint.url
        self._call.failed(self._attempt, ConnectionFailed(why, endpoint=url))


def too_large(closed: ConnectionClosed) -> bool:
    """Whether the server ended the connection because a message was too large for it."""
    return closed.rcvd is not None and closed.rcvd.code == _TOO_LARGE


def _failure(error: Exception, attempt: Try) -> WindsockError:
    url, way = attempt.endpoint.url, attempt.endpoint.way
    told: WindsockError
    match error:
        case InvalidStatus(response=response):
            said = decoded(response.body or b"")
            after = response.headers.get("retry-after")
            told = error_of(response.status_code, said, endpoint=url, way=way, retry_after=after)
        case OSError() | ProxyError():  # TimeoutError, too
            told = unreachable(error, attempt)
        case _:
            told = ConnectionFailed(f"the handshake{way} failed: {error}", endpoint=url)
    told.__cause__ = error
    return told
