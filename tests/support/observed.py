"""Services whose requests are observed, over connections of every protocol."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.asgi import Application
from app.config import EdgeArgs
from app.edge.guards import Guards, Observer
from app.observability.traces.settings import TracesSettings
from app.observability.traces.traces import Traces
from app.serving.dataplane import Dataplane
from tests.support.collector import Collector
from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, tensors

SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, SPAN = SAMPLED.split("-")[1:3]

Ask = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]


async def predict(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post("/predict", json=EXAMPLE, headers=headers)


async def batch(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    rows = {"instances": [EXAMPLE, EXAMPLE]}
    return await client.post("/predict/batch", json=rows, headers=headers)


async def lines(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await batch(client, headers | {"accept": "application/x-ndjson"})


async def infer(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post(INFER, json={"inputs": tensors([EXAMPLE])}, headers=headers)


def settings_of(collector: Collector, **more: Any) -> TracesSettings:
    """Traces that go to this collector at once."""
    given = {"endpoint": collector.endpoint, "interval_s": 0.05, "clients_per_s": 9, **more}
    return TracesSettings.model_validate(given)


@asynccontextmanager
async def tracing(settings: TracesSettings) -> AsyncIterator[Traces]:
    """Traces for the length of a block, all of which are sent in the end."""
    traces = Traces(settings)
    await traces.start()
    try:
        yield traces
    finally:
        await traces.close()


@asynccontextmanager
async def client_of(
    dataplane: Dataplane, *observers: Observer, args: EdgeArgs | None = None, **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the edge that these observe."""
    app = Application(dataplane, args or EdgeArgs(), guards=Guards(observers=observers, **more))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


def context_in(headers: Sequence[tuple[str, Any]] | httpx.Headers) -> tuple[str, str, str]:
    """Trace, span and flags that an answer names."""
    version, trace_id, span_id, flags = dict(headers)["traceresponse"].split("-")
    assert version == "00"
    return trace_id, span_id, flags
