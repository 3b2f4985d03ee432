"""What both clients share: settings, endpoints, the retry budget."""

import time
from collections.abc import Sequence
from typing import Unpack

from windsock.endpoints import Endpoints
from windsock.exchange import AGENT
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

    @property
    def _headers(self) -> dict[str, str]:
        return {"user-agent": AGENT, **self._settings.headers}

    def _call(self, timeout: float | None) -> Call:
        timeout_s = self._settings.timeout if timeout is None else timeout
        return Call(self._endpoints, self._budget, timeout_s, time.monotonic)
