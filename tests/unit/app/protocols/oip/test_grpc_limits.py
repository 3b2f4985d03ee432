import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.protocols.oip.grpc import InferenceMethods
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.manifests import parcels, store
from tests.support.oip import grpc_door
from tests.support.wait import wait_for
from tests.unit.app.protocols.oip.grpc_requests import ROWS, methods_of, refused, request_of


class Hanging:
    """Stages that hang once warmed up, and tell when their work is cancelled."""

    def __init__(self) -> None:
        self.warm = False
        self.entered = 0
        self.cancelled = 0

    async def lookup(self, frame: Frame) -> Frame:
        if self.warm:
            self.entered += 1
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return await lookup(frame)

    def chain(self) -> Chain:
        return weighing(lookup=self.lookup)


@pytest.fixture
async def hanging(tmp_path: Path) -> AsyncIterator[tuple[Hanging, Any, Dataplane]]:
    stages = Hanging()
    dataplane = Dataplane(store(tmp_path, parcels()), stages.chain(), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=2, in_flight=1, max_queued_rows=2))
    stages.warm = True
    async with grpc_door(methods_of(dataplane, Limits(timeout_s=5))) as stub:
        yield stages, stub, dataplane


@pytest.mark.parametrize("how", ["metadata", "parameter"])
async def test_a_client_may_say_how_long_it_will_wait(hanging: Any, how: str) -> None:
    stages, stub, _ = hanging
    request = request_of(ROWS)
    metadata: tuple[tuple[str, str], ...] = ()
    if how == "metadata":
        metadata = (("x-request-timeout-ms", "30"),)
    else:
        request.parameters["timeout"].int64_param = 30_000

    error = await refused(stub.ModelInfer(request, metadata=metadata))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert stages.entered == stages.cancelled == 1


async def test_a_call_has_no_more_time_than_any_request(tmp_path: Path) -> None:
    stages = Hanging()
    dataplane = Dataplane(store(tmp_path, parcels()), stages.chain(), "parcels")
    await dataplane.activate("1", BatchSettings())
    stages.warm = True
    metadata = (("x-request-timeout-ms", "60000"),)
    async with grpc_door(methods_of(dataplane, Limits(timeout_s=0.05))) as stub:
        error = await refused(stub.ModelInfer(request_of(ROWS), metadata=metadata))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


class Watched(InferenceMethods):
    """Counts the calls whose task was cancelled."""

    cancelled = 0

    async def ModelInfer(self, request: Any, grpc_context: Any) -> Any:
        try:
            return await super().ModelInfer(request, grpc_context)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_a_call_that_its_client_gives_up_is_worked_on_no_longer(hanging: Any) -> None:
    stages, _, dataplane = hanging
    methods = Watched(dataplane, Limits(), Application(dataplane, EdgeArgs()).handle)
    async with grpc_door(methods) as stub:
        call = stub.ModelInfer(request_of(ROWS))
        await wait_for(lambda: stages.entered == 1)
        call.cancel()
        await wait_for(lambda: methods.cancelled == 1)

        error = await refused(stub.ModelInfer(request_of(ROWS), timeout=0.05))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await wait_for(lambda: methods.cancelled == 2)


async def test_overload_says_when_to_try_again(hanging: Any) -> None:
    _, stub, _ = hanging
    calls = [stub.ModelInfer(request_of(ROWS)) for _ in range(3)]
    tasks = [asyncio.ensure_future(refused(call)) for call in calls]

    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for call in calls:
        call.cancel()
    error = done.pop().result()

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    trailing = dict(error.trailing_metadata())
    assert (trailing["retry-after"], trailing["grpc-retry-pushback-ms"]) == ("1", "1000")
    await asyncio.gather(*others, return_exceptions=True)
