"""A service that keeps predictions and takes outcomes, in a folder of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.access.principal import Principal, Scope
from app.asgi import Application
from app.config import EdgeArgs
from app.edge.guards import Guards, Ticket
from app.edge.options import RequestOptions
from app.observability.feedback.guard import OutcomeGuard
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.recorder import PredictionRecorder
from app.observability.predictions.settings import PredictionsSettings
from app.observability.quality.database import tallies
from app.observability.quality.index import Index
from app.observability.settings import ObservabilitySettings
from app.serving.dataplane import Dataplane
from app.serving.errors import Unauthenticated


def observed(
    folder: Path, predictions: Any = None, feedback: Any = None
) -> tuple[PredictionsSettings, FeedbackSettings]:
    """Settings whose paths start in this folder."""
    given = {
        "predictions": {"segments": ["depot"], **(predictions or {})},
        "feedback": {"sums": ["revenue", "cost"], **(feedback or {})},
    }
    settings = ObservabilitySettings.model_validate(given, context=folder)
    assert settings.predictions is not None
    assert settings.feedback is not None
    return settings.predictions, settings.feedback


class ByName:
    """Takes everybody for who the header ``authorization`` says, where it says anything."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def problems(self) -> list[str]:
        return []

    def known(self, options: RequestOptions, *, socket: bool) -> Principal:
        if not options.authorization:
            raise Unauthenticated("nobody")
        return Principal(options.authorization.decode(), frozenset(Scope))

    async def find(self, options: RequestOptions) -> Principal:
        return self.known(options, socket=False)

    def ticket(self, options: RequestOptions) -> Ticket:
        return Ticket("none", 1.0)

    def holds(self, principal: Principal) -> bool:
        return True


@dataclass
class Fed:
    """``client`` asks it; ``predictions`` and ``feedback`` are its settings."""

    client: httpx.AsyncClient
    guards: Guards
    predictions: PredictionsSettings
    feedback: FeedbackSettings

    async def predict(self, name: str, row: dict[str, Any], who: str = "") -> httpx.Response:
        """A prediction under this request id."""
        headers = {"x-request-id": name} | ({"authorization": who} if who else {})
        return await self.client.post("/predict", json=row, headers=headers)

    async def tell(self, body: Any, who: str = "") -> httpx.Response:
        """Tell this outcome, or these."""
        headers = {"authorization": who} if who else {}
        return await self.client.post("/feedback", json=body, headers=headers)

    def index(self) -> Index:
        """Brought up to date."""
        index = Index(self.predictions, self.feedback)
        assert index.catch_up()
        return index

    def counted(self) -> dict[str, int]:
        """What became of all outcomes."""
        with closing(self.index()) as index:
            return {name: count for name, count in tallies(index.connection).items() if count}


@asynccontextmanager
async def fed(
    dataplane: Dataplane,
    settings: tuple[PredictionsSettings, FeedbackSettings],
    *,
    several: bool = False,
) -> AsyncIterator[Fed]:
    """It, for the length of a block; ``several`` principals ask it."""
    predictions, feedback = settings
    recorder = PredictionRecorder(predictions, anonymous=not several)
    guards = Guards(
        ByName() if several else None,
        recorders=[recorder],
        feedback=OutcomeGuard(feedback, predictions),
    )
    await guards.start()
    try:
        app = Application(dataplane, EdgeArgs(), guards=guards)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            yield Fed(client, guards, predictions, feedback)
    finally:
        await guards.close()
