"""What the stages make of a bundle's golden rows. A store that knows the entities of none of them
was never filled, or is another one, and no answer would tell: they would all be missing."""

from collections.abc import Mapping

import numpy as np

from app.serving.chain import BatchResult, Chain
from deployments.bundle.manifest import Manifest
from deployments.columns import Column
from deployments.frames import Frame, Status

# Few, since they are asked for every second; several, since one may be out of date.
_SENT = 8


class GoldenEntities:
    """``rows`` are the golden rows' columns; ``absent`` the feature views in which the store had
    not one of them when ``look`` last asked it, ``answered`` how many of them had an answer,
    ``faulted`` how many had none although all of their features were there, and ``took_s`` the
    longest time of a batch, 0 where the stages could not answer one."""

    def __init__(self, manifest: Manifest, chain: Chain, rows: Mapping[str, Column]) -> None:
        self.absent: list[str] = []
        self.answered = self.faulted = 0
        self.took_s = 0.0
        self._model = manifest.id
        self._chain = chain
        self._columns = {field.name: rows[field.name] for field in manifest.fields}
        self._rows = len(next(iter(self._columns.values())))

    @property
    def problem(self) -> str | None:
        """What is to be said of it, if anything."""
        if not self.absent:
            return None
        return (
            "the online store has not one of the bundle's golden rows in "
            f"{', '.join(self.absent)}: fill it (`feast materialize`, or a push), or see whether "
            "it is the right one"
        )

    async def look(self, max_rows: int) -> None:
        """Send the rows through the chain, in batches of up to ``max_rows``."""
        absent: list[str] | None = None
        answered = faulted = 0
        took_s = 0.0
        for start in range(0, self._rows, max_rows):
            part = slice(start, start + max_rows)
            columns = {name: column[part] for name, column in self._columns.items()}
            rows = len(next(iter(columns.values())))
            ran = await self._chain.run(Frame(self._model, rows, columns, counted=False))
            answered += rows - len(ran.failed)
            took_s = max(took_s, sum(ran.spent))
            states = ran.found.views
            if states is None or not states.names:
                faulted += len(ran.failed)
                continue
            there = np.all(states.status <= Status.STALE, axis=0)
            faulted += int(there[list(ran.failed)].sum())
            missing = np.all(states.status == Status.MISSING, axis=1)
            here = [name for name, none in zip(states.names, missing, strict=True) if none]
            absent = here if absent is None else [name for name in absent if name in here]
        self.absent, self.answered, self.faulted = absent or [], answered, faulted
        self.took_s = took_s

    async def send(self, max_rows: int, deadline: float) -> BatchResult:
        """What comes of a few of them. Raises what the chain raises, TimedOut at ``deadline`` (of
        the event loop's clock)."""
        step = -(-self._rows // min(_SENT, max_rows))
        columns = {name: column[::step] for name, column in self._columns.items()}
        rows = len(range(0, self._rows, step))
        return await self._chain.run(Frame(self._model, rows, columns, counted=False), deadline)
