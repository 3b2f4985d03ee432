"""A stage behind its deployment: one mechanism for silence, for death, and for want of replicas."""

import asyncio
from functools import partial
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    ReplicaUnavailableError,
)
from ray.serve.handle import DeploymentHandle

from app.config import HopSettings
from app.layouts.hops import stages
from app.layouts.hops.calls import Call
from app.layouts.hops.usual import UsualTimes
from app.ray_private.by_value import by_value
from app.serving.errors import Overloaded, Unavailable, WindsockError
from deployments.frames import Frame, TensorFrame
from deployments.log import get_logger

logger = get_logger(__name__)

# The first pause is for finding another replica, the next for Serve to see what is going on.
_PAUSES_S = (0.01, 0.1)
_LOST = RayActorError, ReplicaUnavailableError
_NOT_TAKEN = BackPressureError, DeploymentUnavailableError
_MOST_UNDER_WAY = 64
_RETRY_AFTER_S = 1


class Hop:
    """Calls a method of a stage with batches.

    A batch whose replica stays silent for longer than the first limit goes to another one as well,
    if there is one, and the first answer counts; one whose replica dies goes to another. Stages
    change nothing, so it may run twice, yet it does not go round: a batch may be what hangs or
    kills them. Where no replica is there or answers, it fails at once.

    What is late is left to end by itself, also past the deadline, at which who waits is cancelled.
    """

    def __init__(self, handle: DeploymentHandle[Any], method: str, settings: HopSettings) -> None:
        self.stage: str = handle.deployment_name
        self.replicas = stages.replicas(handle.app_name, handle.deployment_name)
        self.usual = UsualTimes(settings)
        self._remote = by_value(handle, method)
        self._under_way: dict[Call, None] = {}
        self._waiting: set[asyncio.Event] = set()

    def silent(self) -> str | None:
        """Why a batch cannot be sent, if it cannot; for the first replicas it can wait."""
        if why := self.replicas.silent():
            return why
        if any(call.hung and call.replica is None for call in self._under_way):
            return "no replica takes a batch" if self.replicas.there else None
        return None

    async def __call__(self, batch: Frame | TensorFrame) -> Any:
        """What the stage answers, or raises. Raises Unavailable where it cannot be reached, and
        Overloaded where it has no room."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            return await self._answer(batch, changed)
        finally:
            self._waiting.discard(changed)

    async def _answer(self, batch: Frame | TensorFrame, changed: asyncio.Event) -> Any:
        calls = [self._send(batch, changed)]
        pauses = iter(_PAUSES_S)
        helped = False
        while True:
            await changed.wait()
            changed.clear()
            for call in [call for call in calls if call.answer.done()]:
                try:
                    return call.answer.result()
                except (*_LOST, *_NOT_TAKEN, asyncio.CancelledError) as error:
                    calls.remove(call)
                    if not calls and isinstance(error, _NOT_TAKEN):
                        raise self._not_taken(error) from error
                    logger.warning("%s lost a replica: %s", self.stage, error)
            if not calls:
                if (pause_s := next(pauses, None)) is None:
                    raise self._unavailable("replica after replica is lost")
                await asyncio.sleep(pause_s)
                calls.append(self._send(batch, changed))
            elif not helped and calls[0].replica is not None and self.replicas.spare():
                helped = True
                calls.append(self._send(batch, changed))
            elif why := self.replicas.silent():
                raise self._unavailable(why)
            elif all(call.hung for call in calls) and self.replicas.there is not None:
                raise self._unavailable("it does not answer")

    def _send(self, batch: Frame | TensorFrame, changed: asyncio.Event) -> Call:
        if why := self.silent():
            raise self._unavailable(why)
        if len(self._under_way) >= _MOST_UNDER_WAY:
            next(iter(self._under_way)).answer.cancel()
        limits = self.usual.limits(batch.model, batch.rows)
        send = partial(self._remote.remote, batch)
        call = Call(send, limits, partial(self._changed, batch, changed))
        self._under_way[call] = None
        return call

    def _changed(self, batch: Frame | TensorFrame, changed: asyncio.Event, call: Call) -> None:
        changed.set()
        if not call.answer.done():
            if call.replica is not None:
                self.replicas.late(call.replica, call.seconds, hung=call.hung)
            if call.hung:
                # Those whose own limits are further away have the same replica, and none else.
                for waiting in self._waiting:
                    waiting.set()
            return
        del self._under_way[call]
        if call.answer.cancelled():  # it made room for others, and tells nothing
            return
        error = call.answer.exception()
        self.replicas.ended(call.replica, answered=not isinstance(error, _LOST))
        if error is None:
            # No more than its limit: what a hang took beyond it would hide the next one for long.
            self.usual.learn(batch.model, batch.rows, min(call.seconds, call.limits.hung_s))

    def _not_taken(self, error: BaseException) -> WindsockError:
        if isinstance(error, BackPressureError):
            return Overloaded(f"{self.stage} has no room: try again shortly")
        return self._unavailable("no replica is there")

    def _unavailable(self, why: str) -> Unavailable:
        error = Unavailable(f"{self.stage} cannot be reached, try again shortly: {why}")
        error.retry_after_s = _RETRY_AFTER_S
        return error
