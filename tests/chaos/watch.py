"""What a running graph says of its own health, at each instant, as a probe would hear it."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.chaos.site import Site

_PATIENCE_S = 1.0
_PERIOD_S = 0.2

Ask = Callable[[], bool | None]
"""Yes, no, or no answer within a second."""


@dataclass(frozen=True)
class Said:
    """One answer, and when it was there, of ``time.monotonic()``."""

    at: float
    yes: bool | None


@dataclass
class Watch:
    """All answers of one probe."""

    name: str
    said: list[Said] = field(default_factory=list)

    def first(self, answer: bool, since: float) -> float | None:
        """When it first said so from then on."""
        return next((one.at for one in self.said if one.at >= since and one.yes is answer), None)

    def silent(self, since: float, until: float) -> int:
        """How often it did not answer in between."""
        return sum(one.yes is None for one in self.said if since <= one.at < until)

    @property
    def last(self) -> bool | None:
        return self.said[-1].yes if self.said else None


Watches = Mapping[str, Watch]


@contextmanager
def watching(site: Site) -> Iterator[Watches]:
    """Readiness by each protocol, and ``live``, by name, asked five times a second."""
    with (
        ExitStack() as threads,
        httpx.Client(timeout=_PATIENCE_S) as client,
        grpc.insecure_channel(site.server.grpc) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        asks: dict[str, Ask] = {
            "live": lambda: _http(client, f"{site.url}/health/live"),
            "ready": lambda: _http(client, f"{site.url}/health/ready"),
            "oip": lambda: _http(client, f"{site.url}/v2/health/ready"),
            "grpc": lambda: _grpc(health),
        }
        watches = {name: Watch(name) for name in asks}
        over = threading.Event()
        for name, ask in asks.items():
            thread = threading.Thread(target=_watch, args=(watches[name], ask, over))
            thread.start()
            threads.callback(thread.join)
        threads.callback(over.set)
        yield watches


def _watch(watch: Watch, ask: Ask, over: threading.Event) -> None:
    while not over.wait(_PERIOD_S):
        yes = ask()
        watch.said.append(Said(time.monotonic(), yes))


def _http(client: httpx.Client, url: str) -> bool | None:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return None


def _grpc(health: health_pb2_grpc.HealthStub) -> bool | None:
    try:
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=_PATIENCE_S)
    except grpc.RpcError as error:
        return False if error.code() is grpc.StatusCode.UNAVAILABLE else None
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
