"""Counts requests, whatever carries them: what they were told, and how long that took."""

from asyncio import CancelledError
from time import perf_counter
from typing import Any

from app.edge.errors import CLIENT_GONE
from app.edge.layers import Call, Handler
from app.edge.options import OK
from app.serving.errors import ErrorCode
from deployments.metrics.catalogue.requests import DURATION, IN_FLIGHT, REQUESTS, ROW_ERRORS, ROWS
from deployments.metrics.series import COUNTS, Count, Counts, Distribution, Level
from deployments.model_id import ModelId

NO_MODEL = ModelId("", "")
"""That of requests that did not come to one."""

_NOT_JOINED = ErrorCode.OVERLOADED.code


class RequestMetrics:
    """Those of a process, by model, protocol, door and code. For a request it looks a few series up
    and adds to them."""

    def __init__(self, counts: Counts = COUNTS) -> None:
        self._counts = counts
        self._answered: dict[tuple[ModelId, str, str, str], Count] = {}
        self._lasted: dict[tuple[ModelId, str, str], tuple[Distribution, Count]] = {}
        self._in_flight: dict[tuple[str, str], Level] = {}

    def in_flight(self, protocol: str, door: str) -> Level:
        """Requests under way."""
        level = self._in_flight.get((protocol, door))
        if level is None:
            level = self._counts.gauge(IN_FLIGHT)[protocol, door]
            self._in_flight[protocol, door] = level
        return level

    def answered(self, model: ModelId, protocol: str, door: str, code: str) -> None:
        """Count one that was told this code."""
        key = model, protocol, door, code
        count = self._answered.get(key)
        if count is None:
            labels = model.name, model.version, protocol, door, code
            count = self._answered[key] = self._counts.counter(REQUESTS)[labels]
        count.value += 1

    def lasted(self, model: ModelId, protocol: str, door: str, seconds: float, rows: int) -> None:
        """One took so long, with so many rows that joined the queue."""
        key = model, protocol, door
        found = self._lasted.get(key)
        if found is None:
            labels = model.name, model.version, protocol, door
            counts = self._counts
            found = counts.histogram(DURATION)[labels], counts.counter(ROWS)[labels]
            self._lasted[key] = found
        duration, joined = found
        duration.observe(seconds)
        joined.value += rows

    def row_failed(self, model: ModelId, protocol: str, code: str) -> None:
        """Count a row that was answered an error of its own."""
        self._counts.counter(ROW_ERRORS)[model.name, model.version, protocol, code].add()


METRICS = RequestMetrics()
"""Those of this process."""


class Observed:
    """The outermost layer, which counts each request once: behind it, an error has left its code in
    the options. A long-lived call counts when it ends."""

    errors = ()

    def __init__(self, handler: Handler, metrics: RequestMetrics = METRICS) -> None:
        self._handler = handler
        self._metrics = metrics

    async def __call__(self, call: Call) -> Any:
        options, protocol = call.options, call.route.protocol
        in_flight = None if call.long_lived else self._metrics.in_flight(protocol, options.door)
        if in_flight is not None:
            in_flight.value += 1
        try:
            return await self._handler(call)
        except BaseException as error:
            gone = isinstance(error, CancelledError)
            if gone and call.long_lived:
                pass  # a stream ends when its client leaves, of which some doors tell so
            elif options.code == OK:
                options.code = CLIENT_GONE if gone else ErrorCode.INTERNAL.code
            raise
        finally:
            model, door, code = options.model or NO_MODEL, options.door, options.code
            self._metrics.answered(model, protocol, door, code)
            if in_flight is not None:
                in_flight.value -= 1
                seconds = perf_counter() - options.began
                rows = 0 if code == _NOT_JOINED else options.rows
                self._metrics.lasted(model, protocol, door, seconds, rows)
