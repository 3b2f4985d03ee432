"""Outcomes, told by both clients to a real service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, FastLaneSettings
from app.edge.guards import Guards
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.fast_lane import serving
from tests.support.feedback import Fed, fed, observed
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.serve import free_port
from windsock import AsyncWindsock, InvalidRequest, Outcome, Prediction, RowError, Windsock


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[str, Fed]]:
    dataplane = Dataplane(store(folder / "models", parcels()), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    async with fed(dataplane, observed(folder)) as service:
        guards: Guards = service.guards
        port = free_port()
        app = Application(dataplane, EdgeArgs(), guards=guards)
        async with serving(app, FastLaneSettings(port=port)):
            yield f"http://127.0.0.1:{port}", service


async def in_thread(url: str, work: Callable[[Windsock], Any]) -> Any:
    def run() -> Any:
        with Windsock(url) as windsock:
            return work(windsock)

    return await asyncio.to_thread(run)


async def test_an_outcome_is_told_of_a_prediction(tmp_path: Path) -> None:
    def work(windsock: Windsock) -> list[str]:
        prediction = windsock.predict(EXAMPLE)
        at = datetime(2024, 5, 1, tzinfo=UTC)
        return [
            windsock.feedback(prediction, True, at=at, fields={"revenue": 3.5}),
            windsock.feedback(prediction, True, fields={"revenue": 3.5}),
            windsock.feedback("later", False, early=True),
        ]

    async with served(tmp_path) as (url, service):
        assert await in_thread(url, work) == ["known", "known", "waiting"]
        assert service.counted() == {"joined": 1, "repeated": 1, "waiting": 1}


async def test_outcomes_are_told_of_the_rows_of_a_batch(tmp_path: Path) -> None:
    def work(windsock: Windsock) -> Any:
        answers = windsock.predict_batch([EXAMPLE, EXAMPLE | {"weight": -1}, EXAMPLE] * 2)
        outcomes = [Outcome(one, True) for one in answers if isinstance(one, Prediction)]
        nameless = Outcome("", True)
        return windsock.feedback_batch([nameless, *outcomes, Outcome("nobody's", True)])

    async with served(tmp_path) as (url, service):
        nameless, *kept, unknown = await in_thread(url, work)
        assert kept == ["known"] * 4
        assert isinstance(nameless, RowError)
        assert nameless.field == "request_id"
        assert isinstance(unknown, RowError)
        assert unknown.code == "not_found"
        assert service.counted() == {"joined": 4}


async def test_outcomes_are_told_of_the_rows_of_a_stream(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, service), AsyncWindsock(url) as windsock:
        told = []
        for _ in range(2):  # which begin to count their rows anew
            async for _, answer in windsock.stream([EXAMPLE] * 3):
                assert isinstance(answer, Prediction)
                told.append(await windsock.feedback(answer, False))
        assert told == ["known"] * 6
        assert service.counted() == {"joined": 6}


async def test_many_are_told_in_requests_of_some(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, service), AsyncWindsock(url, batch_rows=7) as windsock:
        outcomes = (Outcome(f"r{number}", 1, early=True) for number in range(20))
        assert await windsock.feedback_batch(outcomes) == ["waiting"] * 20
        assert service.counted() == {"waiting": 20}


async def test_what_is_wrong_is_raised(tmp_path: Path) -> None:
    async with served(tmp_path) as (url, service), AsyncWindsock(url) as windsock:
        with pytest.raises(InvalidRequest, match="early") as raised:
            await windsock.feedback("nobody's", True)
        assert raised.value.code == "not_found"
        with pytest.raises(InvalidRequest, match="outcome"):
            await windsock.feedback("a", 0.5)
        with pytest.raises(InvalidRequest, match="cannot be sent"):
            await windsock.feedback("a", float("nan"))
        assert service.counted() == {}
