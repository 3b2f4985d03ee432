from typing import Any

import grpc
import pytest

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from deployments.metrics.catalogue.requests import REQUESTS, ROWS
from tests.support.counted import Counted
from tests.unit.app.protocols.oip.grpc_requests import ROWS as INSTANCES
from tests.unit.app.protocols.oip.grpc_requests import request_of


async def test_calls_are_counted_by_what_they_were_told(stub: Any) -> None:
    counted = Counted()
    await stub.ModelInfer(request_of(INSTANCES))
    with pytest.raises(grpc.RpcError):
        await stub.ModelInfer(pb.ModelInferRequest(model_name="nowhere"))
    await stub.ServerLive(pb.ServerLiveRequest())

    assert counted(REQUESTS, door="ray_grpc") == {
        ("parcels", "1", "oip_grpc", "ok"): 1,
        ("", "", "oip_grpc", "not_found"): 1,
        ("", "", "health", "ok"): 1,
    }
    assert counted(ROWS, door="ray_grpc") == {("parcels", "1", "oip_grpc"): len(INSTANCES)}
