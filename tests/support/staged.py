"""A stage's deployment as its caller sees it: Serve's handle, and replicas that a test commands."""

import asyncio
from itertools import count
from typing import Any

from app.config import HopSettings
from app.layouts.hops import calls, stages
from app.layouts.hops.hop import Hop
from deployments.columns import column_of, key_column
from deployments.frames import Frame
from deployments.model_id import ModelId
from tests.support.manifests import PARCELS

SETTINGS = HopSettings(suspect_s=0.1, hung_s=0.4, first_s=2.0)
_names = count()


class Replica:
    """Answers with its name; holds what it gets while it ``hangs``, and loses it when it dies."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.got = 0
        self.hangs = False
        self._held: list[asyncio.Future[None]] = []

    async def answer(self) -> str:
        self.got += 1
        if self.hangs:
            self._held.append(held := asyncio.get_running_loop().create_future())
            await held
        return self.name

    def go_on(self) -> None:
        self.hangs = False
        while self._held:
            self._held.pop().set_result(None)

    def die(self, error: Exception) -> None:
        """Lose what it has; what takes its place has its name."""
        while self._held:
            self._held.pop().set_exception(error)


class Staged:
    """A deployment with these replicas; ``hop`` calls it. Its router takes the first that it may,
    and waits where there is none."""

    def __init__(self, *names: str, known: bool = True) -> None:
        self.app_name, self.deployment_name = "shop", f"Stage{next(_names)}"
        self.replicas = {name: Replica(name) for name in names}
        self.routes = True
        handle: Any = self
        self.hop = Hop(handle, "answer", SETTINGS)
        if known:
            self.tell()

    def tell(self, *names: str) -> None:
        """Serve tells of these replicas, or of all."""
        self.hop.replicas.update(set(names or self.replicas))

    def options(self, **_: Any) -> "Staged":
        return self

    async def remote(self, batch: Frame) -> str:
        while not (chosen := self._chosen()):
            await asyncio.sleep(0.005)
        calls.sent(chosen)
        return await self.replicas[chosen].answer()

    def _chosen(self) -> str | None:
        known = stages.replicas(self.app_name, self.deployment_name)
        names = {str(name) for name in known.there or ()}
        return min(known.choice(names), default=None) if self.routes else None

    async def usual(self) -> "Staged":
        """Until it is known what batches of one row take."""
        for _ in range(3):
            await self.hop(frame())
        return self


def frame(rows: int = 1, model: ModelId = PARCELS) -> Frame:
    columns = {
        "depot": key_column("string", ["north"] * rows),
        "weight": column_of("float64", [2.0] * rows),
    }
    return Frame(model, rows, columns)
