from typing import Any

import grpc
import pytest

from app.config import Limits
from app.protocols.oip.errors import grpc_error
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import EXAMPLE
from tests.support.oip import grpc_door
from tests.unit.app.protocols.oip.grpc_requests import ROWS, methods_of, refused, request_of


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
    status, _ = grpc_error(InvalidRequest(code, "what").detail("r1"))

    assert status not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)
    again = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert (status in again) == (code.status in (429, 503))


@pytest.mark.parametrize("milliseconds", ["0", "soon", "1.5"])
async def test_a_time_that_is_none(stub: Any, milliseconds: str) -> None:
    metadata = (("x-request-timeout-ms", milliseconds),)

    error = await refused(stub.ModelInfer(request_of(ROWS), metadata=metadata))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x-request-timeout-ms must be a whole number" in str(error.details())


async def test_nothing_internal_is_told(
    dataplane: Dataplane, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("10.0.0.7")

    monkeypatch.setattr("app.protocols.oip.grpc.response_to", fail)
    async with grpc_door(methods_of(dataplane, limits)) as stub:
        error = await refused(stub.ModelInfer(request_of(ROWS)))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "10.0.0.7" not in str(error.details())
