"""Calls to stages whose replicas die, by a stand-in for Serve's handle."""

import asyncio
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, ActorUnavailableError
from ray.serve.exceptions import BackPressureError, ReplicaUnavailableError

from app.config import GraphArgs
from app.layouts.distributed import Distributed
from app.serving.errors import Overloaded, TimedOut, Unavailable
from deployments.frames import Outputs, TensorFrame
from deployments.stage.timed import timed
from tests.support import chains
from tests.unit.app.serving.test_chain import frame


class Handle:
    """Raises what it is given, one error a call, and then answers."""

    def __init__(self, stage: Any, *errors: Exception) -> None:
        self._stage = timed(stage)
        self._errors = list(errors)
        self.calls = 0

    app_name, deployment_name = "shop", "Stage"

    def options(self, **_: Any) -> "Handle":
        return self

    @property
    def remote(self) -> Any:
        return self._call

    async def _call(self, batch: Any) -> Any:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return await self._stage(batch)


def layout(model: Handle) -> Distributed:
    features, preprocess = Handle(chains.lookup), Handle(chains.preprocess)
    handles: Any = features, preprocess, model
    unused: Any = GraphArgs.model_validate({"model": {"name": "parcels"}}), None
    return Distributed(*unused, *handles)


@pytest.mark.parametrize(
    "error",
    [
        ActorDiedError(),
        ActorUnavailableError("gone", None),
        ReplicaUnavailableError("Model#1"),
    ],
)
async def test_a_batch_whose_replica_dies_goes_to_another(error: Exception) -> None:
    model = Handle(chains.model, error, error)

    ran = await layout(model).chain.run(frame())

    assert ran.outputs["cost"].tolist() == [4.0]
    assert model.calls == 3


async def test_looking_for_another_ends_with_the_deadline() -> None:
    model = Handle(chains.model, *([ActorDiedError()] * 1000))

    with pytest.raises(TimedOut):
        await layout(model).chain.run(frame(), asyncio.get_running_loop().time() + 0.05)
    assert model.calls == 2


async def test_looking_for_another_comes_to_an_end() -> None:
    model = Handle(chains.model, *([ActorDiedError()] * 1000))

    with pytest.raises(Unavailable, match="replica after replica is lost"):
        await layout(model).chain.run(frame())
    assert model.calls == 3


async def test_a_stage_without_room_is_overload() -> None:
    error = BackPressureError(num_queued_requests=9, max_queued_requests=9)

    with pytest.raises(Overloaded, match="Stage has no room"):
        await layout(Handle(chains.model, error)).chain.run(frame())


async def test_what_the_stage_itself_raises_is_not_retried() -> None:
    async def wrong(frame: TensorFrame) -> Outputs:
        raise ValueError("a fault of its own")

    model = Handle(wrong)

    with pytest.raises(ValueError, match="its own"):
        await layout(model).chain.run(frame())
    assert model.calls == 1
