"""Requests of the Open Inference Protocol, written by hand as its page has them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from ray.serve.grpc_util import RayServegRPCContext

from app.protocols.grpc import GrpcMethods
from app.protocols.oip import SERVICE
from app.protocols.oip.binary import HEADER
from app.protocols.oip.grpc import InferenceMethods
from app.protocols.oip.grpc_service import DESCRIPTOR, add_to_server

INFER = "/v2/models/parcels/infer"

DATATYPES = {
    "depot": "BYTES",
    "lane": "INT64",
    "weight": "FP64",
    "pieces": "INT64",
    "insured": "BOOL",
    "sent_at": "BYTES",
}
"""The inputs of ``parcels``."""
NUMPY = {
    **{"BOOL": np.bool_, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64},
    **{"INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64},
    **{"UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64},
}


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def tensors(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The inputs of a request with their data in the JSON."""
    return [
        {"name": name, "datatype": DATATYPES[name], "shape": [len(rows)], "data": values}
        for name, values in columns(rows).items()
    ]


def encoded(datatype: str, values: Sequence[Any]) -> bytes:
    """A tensor in binary."""
    if datatype != "BYTES":
        return np.array(values, NUMPY[datatype]).tobytes()
    texts = [value if isinstance(value, bytes) else value.encode() for value in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def decoded(datatype: str, data: bytes) -> list[Any]:
    """The elements of a tensor in binary."""
    if datatype != "BYTES":
        values: list[Any] = np.frombuffer(data, NUMPY[datatype]).tolist()
        return values
    texts = []
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        texts.append(data[4:end])
        data = data[end:]
    return texts


def behind(inputs: Sequence[Mapping[str, Any]], **more: Any) -> tuple[bytes, dict[str, str]]:
    """A body with all data behind the JSON, and its headers."""
    blocks = [encoded(one["datatype"], one["data"]) for one in inputs]
    described = [
        {name: value for name, value in one.items() if name != "data"}
        | {"parameters": {"binary_data_size": len(block)}}
        for one, block in zip(inputs, blocks, strict=True)
    ]
    head = json.dumps({"inputs": described, **more}).encode()
    return head + b"".join(blocks), {HEADER: str(len(head))}


def outputs_behind(body: bytes, json_length: int) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """An answer's JSON, and its outputs behind it by name."""
    head, at = json.loads(body[:json_length]), json_length
    found = {}
    for output in head["outputs"]:
        if size := output.get("parameters", {}).get("binary_data_size"):
            found[output["name"]] = decoded(output["datatype"], body[at : at + size])
            at += size
    assert at == len(body)
    return head, found


class Door:
    """Calls the methods of an ingress as Serve's doors do."""

    def __init__(self, methods: GrpcMethods) -> None:
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        async def call(request: Message, context: Any) -> Message:
            given = RayServegRPCContext(context)
            given.set_trailing_metadata([("request_id", "made-by-serve")])
            response: Message = await getattr(self._methods, name)(request, grpc_context=given)
            given._set_on_grpc_context(context)
            return response

        return call


def grpc_stub(channel: grpc.Channel | grpc.aio.Channel) -> SimpleNamespace:
    """The methods of the service over this channel."""
    methods = {
        name: channel.unary_unary(
            f"/{SERVICE}/{name}",
            GetMessageClass(method.input_type).SerializeToString,
            GetMessageClass(method.output_type).FromString,
        )
        for name, method in DESCRIPTOR.methods_by_name.items()
    }
    return SimpleNamespace(**methods)


@asynccontextmanager
async def grpc_door(methods: InferenceMethods) -> AsyncIterator[SimpleNamespace]:
    """A client of these methods, over a real connection."""
    server = grpc.aio.server()
    add_to_server(Door(methods), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield grpc_stub(channel)
    finally:
        await server.stop(None)
