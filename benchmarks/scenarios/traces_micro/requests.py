"""A request through the layers, with an answer behind them that costs nothing."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, ClassVar

from app.edge.account import Accounting
from app.edge.errors import Errors
from app.edge.guards import Observer
from app.edge.layers import Call, Layer, layered
from app.edge.observing import Observing
from app.edge.options import RequestOptions
from app.edge.route import Cost, Route
from app.observability.part import Part
from app.observability.traces.settings import TracesSettings
from app.observability.traces.traced import TracedRequest
from app.observability.traces.traces import Traces
from app.serving.chain import StageTimes
from app.serving.errors import WindsockError
from benchmarks.scenarios.guards_micro.case import Case
from deployments.model_id import ModelId

_HEADERS = [
    *((b"host", b"127.0.0.1:8001"), (b"content-type", b"application/json")),
    *((b"content-length", b"120"), (b"accept", b"*/*"), (b"user-agent", b"wrk")),
    *((b"authorization", b"Bearer wsk_abcdefghij"), (b"x-request-id", b"0123456789abcdef")),
]
_UNSAMPLED = (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
_NOWHERE = "http://127.0.0.1:9/v1/traces"


class _Call:
    """What a transport gives the layers."""

    __slots__ = ("names", "options", "route")
    long_lived: ClassVar[bool] = False

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.names: Mapping[str, str] = {}
        self.options = RequestOptions(headers)
        self.route = _ROUTE

    async def refuse(self, error: WindsockError) -> None:
        raise error


async def _answer(call: Call) -> None:
    """Keep of a sampled one what a batch would."""
    trace = call.options.trace
    if isinstance(trace, TracedRequest) and trace.sampled:
        now = perf_counter()
        trace.parts.append(Part(_MODEL, 1, 0, 0, 64, now, now, now, _SPENT))


_ROUTE = Route("POST", "/predict", _answer, cost=Cost.PREDICTION)
_MODEL = ModelId("flights", "1")
_SPENT = StageTimes(1e-3, 1e-3, 1e-3, 1e-4)


def untraced() -> Case:
    """Traces are off."""
    return Case("off", 0.0, _request([], _HEADERS))


def unsampled() -> Case:
    """They are on, and this one is none of them."""
    return _traced("on, not sampled", 3.0, 0.0, _HEADERS)


def with_context() -> Case:
    """Its client says that it is not."""
    return _traced("on, not sampled by its client", 6.0, 0.0, [*_HEADERS, _UNSAMPLED])


def sampled() -> Case:
    """It is: a span for itself and one for each stage."""
    return _traced("on, sampled", 300.0, 1.0, _HEADERS)


def keeping() -> Case:
    """What options keep for traces that are off."""
    given = dict(_HEADERS)
    options = RequestOptions(_HEADERS)

    def keep() -> bool:
        options.headers = _HEADERS
        options.traceparent = given.get(b"traceparent")
        options.trace = None
        options.line = None
        return bool(options.meter or options.trace)

    return Case("off, what is kept for them", 1.0, keep)


def _traced(what: str, limit_us: float, ratio: float, headers: list[tuple[bytes, bytes]]) -> Case:
    settings = TracesSettings(endpoint=_NOWHERE, ratio=ratio, interval_s=3600, close_s=0)
    traces = Traces(settings)
    asyncio.run(traces.start())
    return Case(what, limit_us, _request([traces], headers), lambda: asyncio.run(traces.close()))


def _request(observers: list[Observer], headers: list[tuple[bytes, bytes]]) -> Callable[[], None]:
    """Through the layers that traces have part in."""
    passed = [Layer(Errors, ())]
    if observers:
        accounting = partial(Accounting, recorders=(), observers=observers, counted=False)
        passed.append(Layer(partial(Observing, observers=observers), ()))
        passed.append(Layer(accounting, ()))
    handle = layered(passed, _answer)

    def request() -> None:
        asked: Any = handle(_Call(headers))
        try:
            asked.send(None)
        except StopIteration:
            return
        raise AssertionError("it waits for something")

    return request
