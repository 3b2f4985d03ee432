"""Watches whether a model can be answered: by the batches that end, and where none does by one of
its own."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from app.serving.chain import BatchResult
from app.serving.dataplane import Dataplane
from app.serving.errors import WindsockError
from app.serving.readiness import Evidence
from app.serving.served_version import ServedVersion
from deployments.log import get_logger
from deployments.metrics.catalogue.graph import READY
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId

logger = get_logger(__name__)

# A hang is to be known within 3 s: two of the first or one of the second, then the third.
_LOOK_S = 0.4
_IDLE_S = 0.8
_LIMIT_S = 1.4
# A batch of a slow model may be before it. What it usually takes follows what took longest, but for
# one that stands out: that was a hang.
_USUALLY = 3.0
_DECAY = 0.9
_OUTLIER = 2.0
_SHORT_S = 0.25
# So late a timer rings only in a process that was stopped itself: that tells of no stage.
_LATE_S = 0.5
_REMEMBER_S = 5.0

Remember = Callable[[ModelId], Coroutine[Any, Any, None]]
"""Asks the stages for what stands in for them while they cannot be reached."""


class Watch:
    """Looks at one model of a dataplane, and tells its readiness.

    A batch that has ended since the last look tells all without a cost. Where none has, or what it
    tells is bad, some golden rows are sent through the chain, past the queue and one batch at a
    time.
    """

    def __init__(self, dataplane: Dataplane, model: str, remember: Remember) -> None:
        self._dataplane = dataplane
        self._model = model
        self._remember = remember
        self._serving: ServedVersion | None = None
        self._seen: BatchResult | None = None
        self._usual_s = 0.0
        self._probe_due = self._remember_due = 0.0
        self._remembering: asyncio.Task[None] | None = None
        self._gauge = COUNTS.gauge(READY)[model]

    async def run(self) -> None:
        """Look on and on."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """See how it is now, which takes as long as a batch or as its time limit."""
        serving = self._dataplane.in_service.get(self._model)
        if serving is None:
            return
        loop = asyncio.get_running_loop()
        readiness = self._dataplane.readiness
        if serving is not self._serving:
            self._serving, self._remember_due = serving, loop.time()
            self._usual_s = self._dataplane.golden[self._model].took_s
        newest = serving.newest
        ended = newest if newest is not self._seen else None
        self._seen = newest
        silent = readiness.silent()
        if ended is not None:
            self._learn(ended)
        if ended is not None and not silent and (evidence := Evidence.of(ended)).sound:
            readiness.tell(self._model, evidence)
        elif silent or loop.time() >= self._probe_due:
            await self._probe(serving, ended)
        ready = readiness.of(self._model).ready
        self._gauge.set(int(ready))
        if ready and loop.time() >= self._remember_due and not self._busy_remembering:
            self._remember_due = loop.time() + _REMEMBER_S
            self._remembering = loop.create_task(self._remember(serving.model), context=Context())

    @property
    def _busy_remembering(self) -> bool:
        return self._remembering is not None and not self._remembering.done()

    async def _probe(self, serving: ServedVersion, ended: BatchResult | None) -> None:
        loop = asyncio.get_running_loop()
        readiness = self._dataplane.readiness
        deadline = loop.time() + max(_LIMIT_S, _USUALLY * self._usual_s)
        try:
            # Where the stages could not answer golden rows together, the example they could.
            golden = self._dataplane.golden[self._model]
            probe = golden.send(serving.max_rows, deadline) if golden.took_s else None
            ran = await (probe or serving.send_example(deadline))
        except Exception as error:
            if loop.time() > deadline + _LATE_S:
                return
            meanwhile = serving.newest
            if meanwhile is not None and meanwhile is not self._seen:
                found = Evidence.of(meanwhile)
            else:
                found = Evidence(self._told(error))
        else:
            found = Evidence.of(ran)
            if ended is not None:  # golden rows may be out of date where others are not
                found = Evidence(found.why, found.views & Evidence.of(ended).views)
        if self._dataplane.in_service[self._model] is not serving:
            return  # the one that serves now has just shown that it does
        silent = readiness.silent()
        if found.why is None and silent:
            found = Evidence(views=found.views, despite=frozenset(silent))
        readiness.tell(self._model, found)
        ready = readiness.of(self._model).ready
        self._probe_due = loop.time() + _IDLE_S if ready else 0.0

    def _told(self, error: Exception) -> str:
        if isinstance(error, WindsockError):
            return error.message
        if self._dataplane.readiness.of(self._model).status != "unavailable":
            logger.error("golden rows of %s fail in a stage", self._model, exc_info=error)
        return "the stages fail for golden rows; the server's log says why"

    def _learn(self, ran: BatchResult) -> None:
        took_s = min(sum(ran.spent), _OUTLIER * self._usual_s + _SHORT_S)
        self._usual_s = max(took_s, _DECAY * self._usual_s)
