"""Each request is counted once, by what it was told."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from app.edge.errors import Errors
from app.edge.http import HttpCall
from app.edge.observed import Observed, RequestMetrics
from app.edge.route import Route
from app.edge.websocket import SocketCall
from app.protocols.error_forms import form_of
from app.serving.errors import ClientGone, ErrorCode, InvalidRequest, Overloaded
from deployments.metrics.catalogue.requests import DURATION, IN_FLIGHT, REQUESTS, ROW_ERRORS, ROWS
from deployments.metrics.series import Counts
from deployments.model_id import ModelId
from tests.support.asgi import drive, http

MODEL = ModelId("parcels", "1")


class Seen:
    """One call behind the layers, and what is counted of it."""

    def __init__(self, long_lived: bool = False) -> None:
        self.counts = Counts()
        self._kind = SocketCall if long_lived else HttpCall

    async def ask(self, handler: Any) -> None:
        layers = Observed(Errors(handler), RequestMetrics(self.counts))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            call = self._kind(scope, receive, send, form_of)
            call.route = Route("POST", "/predict", handler, protocol="rest")
            call.names = {}
            call.options.door = "fast_lane"
            await layers(call)

        await drive(app, http())

    @property
    def requests(self) -> dict[tuple[str, ...], float]:
        return {labels: one.value for labels, one in self.counts.counter(REQUESTS).known.items()}

    @property
    def lasted(self) -> dict[tuple[str, ...], int]:
        known = self.counts.histogram(DURATION).known
        return {labels: sum(one.counts) for labels, one in known.items()}

    def rows(self, *labels: str) -> float:
        return self.counts.counter(ROWS)[labels].value

    @property
    def in_flight(self) -> float:
        return self.counts.gauge(IN_FLIGHT)["rest", "fast_lane"].value


def answering(
    rows: int = 1, error: BaseException | None = None, model: ModelId | None = MODEL
) -> Any:
    async def handler(call: HttpCall) -> None:
        call.options.model, call.options.rows = model, rows
        if error is not None:
            raise error
        await call.answer(b"{}")

    return handler


async def test_an_answer_is_ok() -> None:
    seen = Seen()
    for _ in range(2):
        await seen.ask(answering(rows=3))

    assert seen.requests == {("parcels", "1", "rest", "fast_lane", "ok"): 2}
    assert seen.lasted == {("parcels", "1", "rest", "fast_lane"): 2}
    assert seen.rows("parcels", "1", "rest", "fast_lane") == 6
    assert seen.in_flight == 0


@pytest.mark.parametrize("code", ErrorCode)
async def test_an_error_is_its_code(code: ErrorCode) -> None:
    seen = Seen()
    await seen.ask(answering(error=InvalidRequest(code, "no")))

    assert seen.requests == {("parcels", "1", "rest", "fast_lane", code.code): 1}


async def test_what_nobody_foresaw_is_internal() -> None:
    seen = Seen()
    await seen.ask(answering(error=ValueError("secret"), model=None))

    assert seen.requests == {("", "", "rest", "fast_lane", "internal"): 1}


async def test_rows_that_found_no_room_are_none() -> None:
    seen = Seen()
    await seen.ask(answering(rows=5, error=Overloaded("full")))

    assert seen.rows("parcels", "1", "rest", "fast_lane") == 0


@pytest.mark.parametrize("error", [ClientGone(), asyncio.CancelledError()])
async def test_a_client_that_left_is_counted_as_that(error: BaseException) -> None:
    seen = Seen()
    with suppress(asyncio.CancelledError):
        await seen.ask(answering(error=error))

    assert seen.requests == {("parcels", "1", "rest", "fast_lane", "client_gone"): 1}
    assert seen.in_flight == 0


async def test_an_answer_that_is_broken_off_has_the_code_of_why() -> None:
    async def handler(call: HttpCall) -> None:
        await call.send({"type": "http.response.start", "status": 200, "headers": []})
        raise Overloaded("full")

    seen = Seen()
    with pytest.raises(Overloaded):
        await seen.ask(handler)

    assert seen.requests == {("", "", "rest", "fast_lane", "overloaded"): 1}


async def test_it_is_in_flight_meanwhile() -> None:
    seen, during = Seen(), list[float]()

    async def handler(call: HttpCall) -> None:
        during.append(seen.in_flight)
        await call.answer(b"{}")

    await seen.ask(handler)

    assert during == [1]


async def test_a_stream_counts_when_it_ends_and_its_time_does_not() -> None:
    seen, during = Seen(long_lived=True), list[Any]()

    async def handler(call: HttpCall) -> None:
        during.append((seen.requests, seen.in_flight))

    await seen.ask(handler)

    assert during == [({}, 0)]
    assert seen.requests == {("", "", "rest", "fast_lane", "ok"): 1}
    assert seen.lasted == {}


async def test_a_client_that_leaves_is_how_a_stream_ends() -> None:
    seen = Seen(long_lived=True)
    with suppress(asyncio.CancelledError):
        await seen.ask(answering(error=asyncio.CancelledError()))

    assert seen.requests == {("parcels", "1", "rest", "fast_lane", "ok"): 1}


def test_the_error_of_a_row_has_its_code() -> None:
    counts = Counts()
    RequestMetrics(counts).row_failed(MODEL, "rest", "out_of_range")

    assert set(counts.counter(ROW_ERRORS).known) == {("parcels", "1", "rest", "out_of_range")}
