"""Stages of ``parcels`` that a test has hang, fail or be away, and the dataplane before them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.config import BatchSettings
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from app.serving.readiness import Readiness
from app.serving.watch import Watch
from deployments.frames import Frame, Status
from deployments.model_id import ModelId
from deployments.stage.timed import Timed, timed
from tests.support import chains
from tests.support.manifests import parcels, store

F = TypeVar("F")
T = TypeVar("T")

STAGES = ("Features", "Preprocess", "Model")


class Stages:
    """``hanging`` stages answer when they are let; ``raises`` has what one raises, ``frames`` the
    rows that each was given, ``most`` how many calls were at once in one."""

    def __init__(self) -> None:
        self.let: dict[str, asyncio.Event] = {}
        self.raises: dict[str, Exception] = {}
        self.statuses = [Status.FRESH, Status.FRESH]
        self.refused: int | None = None
        self.silent: dict[str, str] = {}
        self.ejected: dict[str, list[str]] = {}
        self.rows: list[int] = []
        self.versions: list[str] = []
        self.most = 0
        self._ongoing = dict.fromkeys(STAGES, 0)

    def hang(self, stage: str) -> None:
        self.let[stage] = asyncio.Event()

    def free(self, stage: str) -> None:
        self.let.pop(stage).set()

    async def _lookup(self, frame: Frame) -> Frame:
        self.rows.append(frame.rows)
        self.versions.append(frame.model.version)
        found = await chains.lookup(frame)
        assert found.views is not None
        found.views.status[:] = np.array(self.statuses)[:, None]
        if self.refused is not None:
            found.views.refused = np.full(frame.rows, self.refused, np.int8)
        return found

    def _stage(
        self, name: str, stage: Callable[[F], Awaitable[T]]
    ) -> Callable[[F], Awaitable[Timed[T]]]:
        async def behind(frame: F) -> T:
            self._ongoing[name] += 1
            self.most = max(self.most, self._ongoing[name])
            try:
                if name in self.let:
                    await self.let[name].wait()
                if name in self.raises:
                    raise self.raises[name]
                return await stage(frame)
            finally:
                self._ongoing[name] -= 1

        return timed(behind)

    def chain(self) -> Chain:
        return Chain(
            self._stage("Features", self._lookup),
            self._stage("Preprocess", chains.preprocess),
            self._stage("Model", chains.model),
        )

    async def serving(self, folder: Path, versions: Iterable[str] = "1") -> Dataplane:
        """Version 1 in service."""
        dataplane = Dataplane(
            store(folder, *map(parcels, versions)),
            self.chain(),
            "parcels",
            readiness=Readiness(lambda: self.silent, lambda: self.ejected),
        )
        await dataplane.activate("1", BatchSettings())
        return dataplane


async def nothing(_: ModelId) -> None:
    """Nothing stands in for them."""


def watch(dataplane: Dataplane) -> Watch:
    """Over its first model."""
    return Watch(dataplane, dataplane.names[0], nothing)
