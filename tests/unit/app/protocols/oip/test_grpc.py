import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.config import BatchSettings, Limits
from app.protocols.oip.errors import status_of
from app.protocols.oip.grpc import GrpcMethods
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.oip import DATATYPES, columns, decoded, encoded, grpc_door
from tests.support.wait import wait_for

ROWS = [EXAMPLE, EXAMPLE | {"depot": "süd", "weight": 500.0}]
TYPED = {
    "BYTES": "bytes_contents",
    "INT64": "int64_contents",
    "FP64": "fp64_contents",
    "BOOL": "bool_contents",
}


def request_of(rows: Any, *, raw: bool = False, **more: Any) -> Any:
    request = pb.ModelInferRequest(**{"model_name": "parcels", **more})
    for name, values in columns(rows).items():
        datatype = DATATYPES[name]
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[len(rows)])
        if raw:
            request.raw_input_contents.append(encoded(datatype, values))
        else:
            plain = [one.encode() if isinstance(one, str) else one for one in values]
            getattr(tensor.contents, TYPED[datatype]).extend(plain)
    return request


@pytest.fixture
async def stub(dataplane: Dataplane, limits: Limits) -> AsyncIterator[Any]:
    async with grpc_door(GrpcMethods(dataplane, limits)) as stub:
        yield stub


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_the_server_and_its_model_are_there(stub: Any) -> None:
    assert (await stub.ServerLive(pb.ServerLiveRequest())).live
    assert (await stub.ServerReady(pb.ServerReadyRequest())).ready
    assert (await stub.ModelReady(pb.ModelReadyRequest(name="parcels"))).ready
    assert (await stub.ModelReady(pb.ModelReadyRequest(name="parcels", version="1"))).ready
    assert not (await stub.ModelReady(pb.ModelReadyRequest(name="parcels", version="2"))).ready


async def test_metadata_are_those_of_http(stub: Any, client: httpx.AsyncClient) -> None:
    server = await stub.ServerMetadata(pb.ServerMetadataRequest())
    model = await stub.ModelMetadata(pb.ModelMetadataRequest(name="parcels"))

    told = (await client.get("/v2")).json()
    assert (server.name, server.version, list(server.extensions)) == tuple(told.values())
    told = (await client.get("/v2/models/parcels")).json()
    assert (model.name, list(model.versions), model.platform) == (
        told["name"],
        told["versions"],
        told["platform"],
    )
    for kind in ("inputs", "outputs"):
        assert [
            {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}
            for one in getattr(model, kind)
        ] == told[kind]


@pytest.mark.parametrize("raw", [False, True])
async def test_rows_are_answered_as_over_rest(
    stub: Any, client: httpx.AsyncClient, raw: bool
) -> None:
    request = request_of(ROWS, raw=raw, id="7")
    request.parameters["values"].bool_param = True

    response = await stub.ModelInfer(request)

    assert (response.model_name, response.model_version, response.id) == ("parcels", "1", "7")
    assert response.parameters["features_status"].string_param == "fresh"
    assert response.parameters["features_degraded"].bool_param is False
    assert [(one.name, one.datatype, list(one.shape)) for one in response.outputs] == [
        ("late", "FP32", [2]),
        ("cost", "FP32", [2]),
        ("features", "BYTES", [2]),
    ]
    if raw:
        late, _, features = map(decoded, ("FP32", "FP32", "BYTES"), response.raw_output_contents)
        assert not any(one.HasField("contents") for one in response.outputs)
    else:
        late = list(response.outputs[0].contents.fp32_contents)
        features = list(response.outputs[2].contents.bytes_contents)
        assert not response.raw_output_contents
    answer = await client.post("/predict/batch?values=true", json={"instances": ROWS})
    expected = answer.json()["predictions"]
    assert late == [one["outputs"]["late"] for one in expected]
    assert [json.loads(one) for one in features] == [one["features"] for one in expected]


async def test_one_output_may_be_asked_for(stub: Any) -> None:
    request = request_of(ROWS, outputs=[{"name": "cost"}], model_version="1")

    response = await stub.ModelInfer(request)

    assert [one.name for one in response.outputs] == ["cost"]
    assert list(response.outputs[0].contents.fp32_contents) == [500.0, 1000.0]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"model_name": "nobody"}, "NOT_FOUND", "there is no model 'nobody'"),
        ({"model_name": ""}, "NOT_FOUND", "there is no model ''"),
        ({"model_version": "7"}, "NOT_FOUND", "there is no version '7'"),
        ({"model_version": "2"}, "FAILED_PRECONDITION", "'2' of 'parcels' is not in service: '1'"),
        ({"outputs": [{"name": "price"}]}, "INVALID_ARGUMENT", "unknown output 'price'"),
        ({"id": "x" * 5000}, "INVALID_ARGUMENT", "the body is over 4096 bytes"),
    ],
)
async def test_mistakes_have_a_status(
    stub: Any, change: dict[str, Any], status: str, told: str
) -> None:
    error = await refused(stub.ModelInfer(request_of(ROWS, **change)))

    assert (error.code().name, told in str(error.details())) == (status, True)
    await stub.ModelInfer(request_of(ROWS))


async def test_a_wrong_row_is_named(stub: Any) -> None:
    rows = [EXAMPLE, EXAMPLE | {"weight": -1.0}]

    error = await refused(stub.ModelInfer(request_of(rows)))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert str(error.details()).startswith("row 1: weight must be a number from 0 to 1000")


@pytest.mark.parametrize("method", ["ModelReady", "ModelMetadata"])
async def test_an_unknown_model_is_not_found(stub: Any, method: str) -> None:
    kind = getattr(pb, f"{method}Request")

    error = await refused(getattr(stub, method)(kind(name="nobody")))

    assert error.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_a_status(code: ErrorCode) -> None:
    status = status_of(InvalidRequest(code, "what").detail("r1"))

    assert status not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)
    again = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert (status in again) == (code.status in (429, 503))


async def test_the_request_id_is_the_clients_or_serves(stub: Any) -> None:
    for metadata, id in (
        ((), "made-by-serve"),
        ((("x-request-id", "r1"), ("some-bin", b"\xff")), "r1"),
    ):
        call = stub.ServerMetadata(pb.ServerMetadataRequest(), metadata=metadata)
        await call
        call = stub.ModelInfer(request_of(ROWS), metadata=metadata)
        await call
        assert ("x-request-id", id) in tuple(await call.trailing_metadata())


@pytest.mark.parametrize("milliseconds", ["0", "soon", "1.5"])
async def test_a_time_that_is_none(stub: Any, milliseconds: str) -> None:
    metadata = (("x-request-timeout-ms", milliseconds),)

    error = await refused(stub.ModelInfer(request_of(ROWS), metadata=metadata))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x-request-timeout-ms must be a whole number" in str(error.details())


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
    async with grpc_door(GrpcMethods(dataplane, Limits(timeout_s=5))) as stub:
        yield stages, stub, dataplane


@pytest.mark.parametrize("how", ["metadata", "parameter"])
async def test_a_client_may_say_how_long_it_will_wait(hanging: Any, how: str) -> None:
    stages, stub, _ = hanging
    request, metadata = request_of(ROWS), ()
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
    async with grpc_door(GrpcMethods(dataplane, Limits(timeout_s=0.05))) as stub:
        error = await refused(stub.ModelInfer(request_of(ROWS), metadata=metadata))

    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


class Watched(GrpcMethods):
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
    methods = Watched(dataplane, Limits())
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


async def test_nothing_internal_is_told(
    dataplane: Dataplane, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("10.0.0.7")

    monkeypatch.setattr("app.protocols.oip.grpc.response_to", fail)
    async with grpc_door(GrpcMethods(dataplane, limits)) as stub:
        error = await refused(stub.ModelInfer(request_of(ROWS)))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "10.0.0.7" not in str(error.details())


async def test_a_service_that_starts_is_live_and_not_ready(tmp_path: Path, limits: Limits) -> None:
    store(tmp_path, parcels())
    dataplane = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    async with grpc_door(GrpcMethods(dataplane, limits)) as stub:
        assert (await stub.ServerLive(pb.ServerLiveRequest())).live
        assert not (await stub.ServerReady(pb.ServerReadyRequest())).ready
        assert not (await stub.ModelReady(pb.ModelReadyRequest(name="parcels"))).ready
        error = await refused(stub.ModelInfer(request_of(ROWS)))

    assert error.code() is grpc.StatusCode.UNAVAILABLE
