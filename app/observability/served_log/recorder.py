"""The recorder that keeps served rows until they are logged."""

import secrets
from collections.abc import Mapping, Sequence
from itertools import compress
from math import isnan

import numpy as np

from app.edge.recording import Recording
from app.observability.beside import Beside
from app.observability.served.rows import ServedRows, answered_rows
from app.observability.served.spool import Spool
from app.observability.served_log.settings import ServedLogSettings
from app.serving.answers import AnsweredBatch
from deployments.bundle.manifest import Manifest
from deployments.dtypes import DType
from deployments.model_id import ModelId


class ServedLog(Beside):
    """Of the feature services that have a rate, each row with that chance."""

    name = "served_log"

    def __init__(self, settings: ServedLogSettings) -> None:
        self._rates: Mapping[str, float] = settings.rates or {}
        self._spool = Spool("served_log", settings.journal)
        self._random = np.random.default_rng()
        self._run, self._kept = secrets.token_hex(8), 0
        self._dtypes: dict[ModelId, dict[str, DType]] = {}

    async def start(self) -> None:
        """Open the spool; without one nothing is logged, which ``problems`` says."""
        await self._spool.open()

    async def close(self) -> None:
        """Behind the last row."""
        await self._spool.close()

    def problems(self) -> list[str]:
        """Those of the spool."""
        return [*self._spool.problems(), *self.faults()]

    def take(self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]) -> None:
        """Keep those rows that have answers and that chance takes."""
        serving, states = recordings[0][0].serving, batch.found.views
        rate = self._rates.get(serving.manifest.service.service, 0.0)
        if rate <= 0 or states is None or isnan(states.at):
            return
        chosen = answered_rows(batch, recordings)
        if rate < 1:
            taken = self._random.random(len(chosen)) < rate
            chosen = dict(compress(chosen.items(), taken.tolist()))
        if not chosen:
            return
        dtypes = self._dtypes.get(serving.model)
        if dtypes is None:
            dtypes = self._dtypes[serving.model] = logged_dtypes(serving.manifest)
        rows = ServedRows.of(batch.found, states, dtypes, chosen)
        rows.run, rows.before = self._run, self._kept
        self._kept += len(chosen)
        self._spool.append(rows)


def logged_dtypes(manifest: Manifest) -> dict[str, DType]:
    """Of all that is logged of a row, by column."""
    fields = {field.name: field.dtype for field in manifest.fields}
    return {**fields, **manifest.service.columns}
