"""The recorder that keeps a sample of what is served: a few rows a second, whatever the load."""

import random
from collections.abc import Sequence
from math import isnan
from time import perf_counter

from app.edge.recording import Recording
from app.observability.beside import Beside
from app.observability.served.rows import ServedRows, answered_rows, dtypes_of
from app.observability.served.spool import Spool
from app.observability.skew.settings import SkewSettings
from app.serving.answers import AnsweredBatch
from deployments.dtypes import DType
from deployments.model_id import ModelId

_BURST_S = 10.0


class SkewSampler(Beside):
    """Takes rows of a batch while there is room in a bucket that fills by the time: of quiet
    services all rows, and of busy ones each batch gives one or none."""

    name = "skew"

    def __init__(self, settings: SkewSettings) -> None:
        self._rate = settings.rows_per_minute / 60
        self._most = max(1.0, self._rate * _BURST_S)
        self._room, self._seen = self._most, perf_counter()
        self._spool = Spool("skew", settings.journal)
        self._dtypes: dict[ModelId, dict[str, DType]] = {}
        self._random = random.Random()

    async def start(self) -> None:
        """Open the journal; without one nothing is sampled, which ``problems`` says."""
        await self._spool.open()

    async def close(self) -> None:
        """Behind the last sample."""
        await self._spool.close()

    def problems(self) -> list[str]:
        """Those of the journal."""
        return [*self._spool.problems(), *self.faults()]

    def take(self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]) -> None:
        """Sample rows that have answers, at random, as many as there is room for."""
        now = perf_counter()
        self._room = min(self._most, self._room + (now - self._seen) * self._rate)
        self._seen = now
        if self._room < 1 or not self._spool.is_open:
            return
        states, serving = batch.found.views, recordings[0][0].serving
        if states is None or isnan(states.at):
            return
        known = answered_rows(batch, recordings)
        places = self._random.sample(sorted(known), min(len(known), int(self._room)))
        if not places:
            return
        self._room -= len(places)
        dtypes = self._dtypes.get(serving.model)
        if dtypes is None:
            dtypes = self._dtypes[serving.model] = dtypes_of(serving.manifest)
        chosen = {place: known[place] for place in places}
        self._spool.append(ServedRows.of(batch.found, states, dtypes, chosen))
