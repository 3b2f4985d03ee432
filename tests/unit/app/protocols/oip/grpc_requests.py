"""Requests over gRPC, and the methods that answer them."""

from typing import Any

import grpc
import pytest

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.edge.guards import NO_GUARDS, Guards
from app.protocols.oip.grpc import InferenceMethods
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from tests.support.manifests import EXAMPLE
from tests.support.oip import DATATYPES, columns, encoded

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


def methods_of(
    dataplane: Dataplane, limits: Limits, guards: Guards = NO_GUARDS
) -> InferenceMethods:
    app = Application(dataplane, EdgeArgs(limits=limits), guards=guards)
    return InferenceMethods(dataplane, limits, app.handle)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value
