"""The transport-free heart of the edge: rows in, answers out, through micro-batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from app.chain import Chain
from app.coalescer import Coalescer
from app.contract import Contract, Row
from app.errors import Unavailable
from app.schemas import FeaturesInfo, ModelInfo, ViewInfo
from deployments.bundle.bundle import BundleStore
from deployments.bundle.manifest import Manifest
from deployments.frames import Frame, Outputs, Status, ViewState
from deployments.log import get_logger

logger = get_logger(__name__)

# Inter-replica gRPC refuses messages over 4 MiB; the rest is room for pickling.
_HOP_BYTES = 3 * 2**20
_STRING_BYTES = 300
_STATUS = [status.name.lower() for status in Status]


class BatchSettings(BaseModel):
    """How the edge forms batches; may change while it runs."""

    model_config = ConfigDict(extra="forbid")

    max_rows: int = Field(default=256, ge=1)
    """Most rows in one batch: beyond a few hundred, a hop costs by the row and not by the call."""
    in_flight: int = Field(default=2, ge=1)
    """Batches under way at once: one computes while the next travels. More make smaller ones."""
    max_queued_rows: int = Field(default=4096, ge=1)
    """Rows that may wait; more are refused with 429 at once, rather than answered late."""


class RowAnswer(msgspec.Struct):
    """What the graph says of one row, before a protocol dresses it."""

    outputs: dict[str, Any]
    features: FeaturesInfo


@dataclass(frozen=True, slots=True)
class Batch:
    """A finished batch, as plain lists: converted once, then read row by row."""

    outputs: list[tuple[str, list[Any]]]
    views: list[tuple[str, list[int], list[float]]]

    @classmethod
    def of(cls, outputs: Outputs, views: dict[str, ViewState]) -> "Batch":
        return cls(
            [(name, values.tolist()) for name, values in outputs.items()],
            [
                (name, view.status.tolist(), np.round(view.age_s, 3).tolist())
                for name, view in views.items()
            ],
        )

    def row(self, place: int) -> RowAnswer:
        worst, oldest, degraded = 0, -1.0, False
        views: dict[str, ViewInfo] = {}
        for name, statuses, ages in self.views:
            status, age = statuses[place], ages[place]
            known = age == age
            views[name] = ViewInfo(_STATUS[status], age if known else None)
            worst = max(worst, status)
            degraded = degraded or status in (Status.STALE, Status.DEFAULTED)
            if known and age > oldest:
                oldest = age
        features = FeaturesInfo(_STATUS[worst], degraded, oldest if oldest >= 0 else None, views)
        return RowAnswer({name: values[place] for name, values in self.outputs}, features)


class Serving:
    """One bundle version in service: its contract, and a queue whose batches it alone fills."""

    def __init__(self, manifest: Manifest, chain: Chain, settings: BatchSettings) -> None:
        self.manifest = manifest
        self.contract = Contract(manifest)
        self.model = ModelInfo(manifest.name, manifest.version)
        self._chain = chain
        self._coalescer: Coalescer[Row, Batch] = Coalescer(
            self._run,
            max_rows=min(settings.max_rows, max(1, _HOP_BYTES // _row_bytes(manifest))),
            in_flight=settings.in_flight,
            max_queued_rows=settings.max_queued_rows,
        )

    async def answer(self, rows: Sequence[Row]) -> list[RowAnswer]:
        """One answer per row, in order; more rows than a batch holds are split over several.

        Raises Overloaded or Unavailable.
        """
        size = self._coalescer.max_rows
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        if len(parts) == 1:
            return await self._part(parts[0])
        answers: list[RowAnswer] = []
        # In turn, so that one large request leaves room in the queue for the small ones.
        for part in parts:
            answers += await self._part(part)
        return answers

    async def warm_up(self) -> None:
        """Send the contract's own example through the whole chain."""
        example = self.contract.decode(msgspec.json.encode(self.contract.example()))
        await self.answer([example])

    async def _part(self, rows: Sequence[Row]) -> list[RowAnswer]:
        batch, start = await self._coalescer.submit(rows)
        return [batch.row(start + place) for place in range(len(rows))]

    async def _run(self, rows: list[Row]) -> Batch:
        frame = Frame(self.manifest.version, len(rows), self.contract.columns(rows))
        return Batch.of(*await self._chain.run(frame))


class Dataplane:
    """Chooses the version that serves, and answers rows with it."""

    def __init__(self, bundles: BundleStore, chain: Chain) -> None:
        self.bundles = bundles
        self._chain = chain
        self.problem: str | None = None
        self.current: Serving | None = None

    async def activate(self, version: str, settings: BatchSettings) -> None:
        """Serve ``version`` from now on, once it has answered through the whole chain.

        Where it cannot and another version serves already, that one stays and ``problem`` says
        why; requests under way end on the version they began with.
        """
        try:
            bundle = await asyncio.to_thread(self.bundles.open, version)
            serving = Serving(bundle.manifest, self._chain, settings)
            await serving.warm_up()
        except Exception as error:
            if self.current is None:
                raise
            self.problem = f"version {version} was refused: {error}"
            logger.error("%s; %s keeps serving", self.problem, self.current.model.version)
        else:
            self.current, self.problem = serving, None
            logger.info("serving %s version %s", serving.model.name, serving.model.version)

    def serving(self) -> Serving:
        """The version in service. Raises Unavailable until there is one."""
        if self.current is None:
            raise Unavailable("no model version is in service yet: see /health/ready")
        return self.current


def _row_bytes(manifest: Manifest) -> int:
    """An upper bound on what a row weighs on a hop between stages."""
    dtypes = [field.dtype for field in manifest.fields] + list(manifest.service.columns.values())
    views = 9 * len(manifest.service.views)
    return views + sum(_STRING_BYTES if dtype == "string" else 8 for dtype in dtypes)
