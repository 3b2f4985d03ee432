import json
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.config import Limits
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from app.serving.readiness import Evidence
from deployments.bundle.bundle import BundleStore
from tests.support.chains import weighing
from tests.support.manifests import parcels, store
from tests.support.oip import decoded, grpc_door
from tests.unit.app.protocols.oip.grpc_requests import ROWS, methods_of, refused, request_of


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
        ] == [
            {key: value for key, value in one.items() if key != "parameters"} for one in told[kind]
        ]
    assert dict(model.properties) == {
        f"{one['name']}.type": one["parameters"]["type"] for one in told["inputs"]
    }


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


async def test_a_service_that_starts_is_live_and_not_ready(tmp_path: Path, limits: Limits) -> None:
    store(tmp_path, parcels())
    dataplane = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    async with grpc_door(methods_of(dataplane, limits)) as stub:
        assert (await stub.ServerLive(pb.ServerLiveRequest())).live
        assert not (await stub.ServerReady(pb.ServerReadyRequest())).ready
        assert not (await stub.ModelReady(pb.ModelReadyRequest(name="parcels"))).ready
        error = await refused(stub.ModelInfer(request_of(ROWS)))

    assert error.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_service_of_which_a_stage_hangs_is_not_ready_either(
    stub: Any, dataplane: Dataplane
) -> None:
    dataplane.readiness.tell("parcels", Evidence("Model did not answer in time"))

    assert (await stub.ServerLive(pb.ServerLiveRequest())).live
    assert not (await stub.ServerReady(pb.ServerReadyRequest())).ready
    assert not (await stub.ModelReady(pb.ModelReadyRequest(name="parcels"))).ready
    assert (await stub.ModelInfer(request_of(ROWS))).model_version == "1"


METHODS = ["ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata"]


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_passes_the_layers(stub: Any, method: str) -> None:
    named = {"name": "parcels"} if method.startswith("Model") else {}
    request = getattr(pb, f"{method}Request")(**named)

    sound = getattr(stub, method)(request, metadata=(("x-request-id", "r1"),))
    await sound
    error = await refused(
        getattr(stub, method)(request, metadata=(("x-request-timeout-ms", "soon"),))
    )

    assert ("x-request-id", "r1") in tuple(await sound.trailing_metadata())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
