"""What the synchronous client holds in a process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx

from windsock.client import READY
from windsock.connections import Connections
from windsock.endpoints import Endpoint, Endpoints
from windsock.exchange import Question
from windsock.options import Settings
from windsock.retries import Try

_LEAST_S = 0.001


class Pool:
    """Connections, turns at them, and health checks, for all threads."""

    def __init__(
        self,
        endpoints: Endpoints,
        settings: Settings,
        http_options: Callable[[Endpoint], dict[str, Any]],
    ) -> None:
        self._endpoints = endpoints
        self._settings = settings
        self._connections = {
            one: Connections(partial(httpx.Client, **http_options(one)), time.monotonic)
            for one in endpoints.all
        }
        self._turns = {
            one: threading.BoundedSemaphore(settings.connections) for one in endpoints.all
        }
        self._closed = threading.Event()
        self._checking: threading.Thread | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """End connections and health checks."""
        self._closed.set()
        if checking := self._checking:
            checking.join(2 * self._settings.connect_timeout)
        for connections in self._connections.values():
            for http in connections.close():
                http.close()

    def send(self, question: Question, attempt: Try) -> httpx.Response:
        """The answer, within the time of the try. Raises what httpx raises."""
        begun = time.monotonic()
        turns = self._turns[attempt.endpoint]
        if not turns.acquire(timeout=attempt.limit_s):
            raise httpx.PoolTimeout("all connections are in use")
        try:
            waited_s = time.monotonic() - begun
            attempt = replace(attempt, limit_s=max(_LEAST_S, attempt.limit_s - waited_s))
            with self._connection(attempt.endpoint) as http:
                return http.send(question.at(http, attempt, self._settings))
        finally:
            turns.release()

    def watch(self) -> None:
        """See to it that the return of endpoints that are down is looked for."""
        with self._lock:
            if self._endpoints.down and not self._checking and not self._closed.is_set():
                self._checking = threading.Thread(
                    target=self._check, name="windsock-checks", daemon=True
                )
                self._checking.start()

    @contextmanager
    def _connection(self, endpoint: Endpoint) -> Iterator[httpx.Client]:
        connections = self._connections[endpoint]
        http = connections.take()
        broken_off = False
        try:
            yield http
        except BaseException as error:
            broken_off = not isinstance(error, Exception)  # Ctrl-C
            raise
        finally:
            for old in connections.give(http, broken_off=broken_off):
                old.close()

    def _check(self) -> None:
        while not self._closed.wait(self._endpoints.pause(self._settings.check_interval)):
            for endpoint in self._endpoints.down:
                url, timeout_s = endpoint.url + READY, self._settings.connect_timeout
                try:
                    with self._connection(endpoint) as http:
                        healthy = http.get(url, timeout=timeout_s).is_success
                except Exception:
                    healthy = False
                self._endpoints.checked(endpoint, healthy)
            with self._lock:
                if not self._endpoints.down:
                    self._checking = None
                    return
