"""What both clients share: settings, endpoints, the retry budget."""

import os
import time
from collections.abc import Sequence
from ssl import SSLContext
from typing import Any, Unpack
from weakref import WeakSet

from httpx import create_ssl_context

from windsock.endpoints import Endpoint, Endpoints
from windsock.errors import Misconfigured, Misused
from windsock.exchange import AGENT, ONE
from windsock.options import Options, Settings
from windsock.proxies import Proxy, proxy_of
from windsock.retries import Budget, Call

PREDICT = "/predict"
PREDICT_BATCH = "/predict/batch"
READY = "/health/ready"
VALUES = "?values=true"


class Client:
    """The part of a client that does no I/O."""

    def __init__(self, endpoints: str | Sequence[str], **options: Unpack[Options]) -> None:
        self._given = endpoints, options
        self._settings = Settings(**options)
        self._endpoints = Endpoints(
            endpoints, time.monotonic, proxy_of if self._settings.trust_env else _none
        )
        self._tls = self._authorities()
        self._closed = False
        self._begin()
        _CLIENTS.add(self)

    def __reduce__(self) -> Any:
        """A pickle, or a copy, is a client of its own to the same endpoints."""
        endpoints, options = self._given
        if options.get("ssl"):
            raise Misused("a client with an SSLContext cannot be pickled: make one there instead")
        return _made, (type(self), endpoints, options)

    @property
    def endpoint(self) -> str:
        """The address that the next call asks first."""
        return self._endpoints.preferred.url

    def _begin(self) -> None:
        """All that no other process may use, anew."""
        self._endpoints = self._endpoints.afresh()
        self._budget = Budget(self._settings.retry_share, self._settings.retry_reserve)

    def _http_options(self, endpoint: Endpoint) -> dict[str, Any]:
        """For httpx, of either kind."""
        return {
            "headers": {"user-agent": AGENT, **self._settings.headers},
            "limits": ONE,
            "verify": self._tls or False,
            "proxy": endpoint.proxy.url if endpoint.proxy else None,
            "trust_env": False,  # it has been read
        }

    def _authorities(self) -> SSLContext | None:
        """Loaded once for all connections, and where there is something to check."""
        if self._settings.ssl or not any(
            one.url.startswith("https") for one in self._endpoints.all
        ):
            return self._settings.ssl
        given = os.environ if self._settings.trust_env else {}
        name = next((one for one in _AUTHORITIES if given.get(one)), _AUTHORITIES[0])
        try:
            folders = given.get(name, "").split(os.pathsep)
            if name == "SSL_CERT_DIR" and not any(map(os.path.isdir, folders)):
                raise NotADirectoryError("there is no such folder")
            return create_ssl_context(trust_env=self._settings.trust_env)
        except OSError as error:
            raise Misconfigured(
                f"{name} is {os.environ.get(name)!r}, of which no authorities can be read "
                f"({error}): correct or unset it, or give the client trust_env=False"
            ) from error

    def _call(self, timeout: float | None) -> Call:
        if self._closed:
            raise Misused("the client has been closed")
        timeout_s = self._settings.timeout if timeout is None else timeout
        return Call(self._endpoints, self._budget, timeout_s, time.monotonic)


_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_CLIENTS: WeakSet[Client] = WeakSet()
_INHERITED: list[dict[str, Any]] = []
"""What a forked process has of its parent's: kept as it is, since its locks may be held for ever
and its connections are the parent's."""


def _none(_url: str) -> Proxy | None:
    return None


def _made(kind: type[Client], endpoints: str | Sequence[str], options: Options) -> Client:
    return kind(endpoints, **options)


def _after_fork() -> None:
    for client in list(_CLIENTS):
        _INHERITED.append(dict(vars(client)))
        client._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
