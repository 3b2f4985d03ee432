"""How a client behaves; the same for both of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from ssl import SSLContext
from typing import TypedDict

from httpx import Headers

from windsock.credentials import Credentials, Key
from windsock.errors import Misconfigured


class Options(TypedDict, total=False):
    """See ``docs/client.md`` for each default and its reason."""

    timeout: float
    """Seconds for a call, retries and failover included, where it does not say itself."""
    connect_timeout: float
    """Seconds for a connection to be made."""
    key: Key
    """The API key or the token that says who asks; without it WINDSOCK_KEY is."""
    headers: Mapping[str, str]
    """Sent with every request and handshake."""
    ssl: SSLContext
    """How certificates are checked, where the usual authorities are not enough."""
    trust_env: bool
    """Whether WINDSOCK_KEY, HTTP_PROXY and its like, SSL_CERT_FILE and SSL_CERT_DIR are heeded."""
    retry_share: float
    """Retries that each call earns for all of them."""
    retry_reserve: float
    """Retries that are there from the start, and the most that can be saved."""
    check_interval: float
    """Seconds between two health checks of an endpoint that is down."""
    connections: int
    """Most requests under way at one endpoint; others wait for their turn, within their time."""
    batch_rows: int
    """Most rows that ``predict_batch`` sends in one request."""
    concurrency: int
    """Most requests that an asynchronous ``predict_batch`` has under way."""
    window: int
    """Most rows of a stream that have been sent and not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The same with their defaults. Raises Misconfigured for what makes no sense."""

    timeout: float = 10.0
    connect_timeout: float = 2.0
    key: Key | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ssl: SSLContext | None = None
    trust_env: bool = True
    retry_share: float = 0.1
    retry_reserve: float = 100.0
    check_interval: float = 1.0
    connections: int = 100
    batch_rows: int = 1000
    concurrency: int = 4
    window: int = 512
    credentials: Credentials = field(init=False)

    def __post_init__(self) -> None:
        for name in ("timeout", "connect_timeout", "check_interval"):
            if not 0 < getattr(self, name) < inf:
                raise Misconfigured(f"{name} must be some seconds, above 0")
        for name in ("connections", "batch_rows", "concurrency", "window"):
            if getattr(self, name) < 1:
                raise Misconfigured(f"{name} must be at least 1")
        for name in ("retry_share", "retry_reserve"):
            if getattr(self, name) < 0:
                raise Misconfigured(f"{name} must not be negative")
        try:
            lines = Headers(self.headers).raw
        except (AttributeError, TypeError, ValueError) as error:
            raise Misconfigured(f"headers must be ASCII text by name: {error}") from error
        for key, line in lines:
            if not key or any(end in key + line for end in (b"\r", b"\n", b"\0")):
                raise Misconfigured(f"headers must be of a name and one line: {key!r} is not")
        given = any(name.lower() == b"authorization" for name, _ in lines)
        if given and self.key is not None:
            raise Misconfigured("give either key, or headers with authorization")
        environment = self.key is None and self.trust_env and not given
        found = Credentials.of_environment() if environment else Credentials(self.key)
        object.__setattr__(self, "credentials", found)
