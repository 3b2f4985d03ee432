"""What both clients share: settings, endpoints, the retry budget."""

import time
from collections.abc import Sequence
from typing import Any, Unpack

from httpx import create_ssl_context

from windsock.endpoints import Endpoints
from windsock.exchange import AGENT, ONE
from windsock.options import Options, Settings
from windsock.retries import Budget, Call

PREDICT = "/predict"
PREDICT_BATCH = "/predict/batch"
READY = "/health/ready"
VALUES = "?values=true"


class Client:
    """The part of a client that does no I/O."""

    def __init__(self, endpoints: str | Sequence[str], **options: Unpack[Options]) -> None:
        self._settings = Settings(**options)
        self._endpoints = Endpoints(endpoints, time.monotonic)
        self._budget = Budget(self._settings.retry_share, self._settings.retry_reserve)

    @property
    def endpoint(self) -> str:
        """The address that the next call asks first."""
        return self._endpoints.preferred.url

    def _http_options(self) -> dict[str, Any]:
        """For httpx, of either kind."""
        # Loaded once for all connections, and where there is something to check.
        tls = self._settings.ssl or any(one.url.startswith("https") for one in self._endpoints.all)
        verify = create_ssl_context() if tls is True else tls
        headers = {"user-agent": AGENT, **self._settings.headers}
        return {"headers": headers, "limits": ONE, "verify": verify}

    def _call(self, timeout: float | None) -> Call:
        timeout_s = self._settings.timeout if timeout is None else timeout
        return Call(self._endpoints, self._budget, timeout_s, time.monotonic)
