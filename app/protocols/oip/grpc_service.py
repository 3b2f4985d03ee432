"""The service over gRPC, made of the protocol's definition; ``serve_config.yaml`` names it."""

from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from app.protocols.oip import SERVICE
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb


def add_to_server(servicer: Any, server: grpc.aio.Server) -> None:
    """Register a servicer's methods, by the names that the protocol gives them. Each takes one
    message and answers one."""
    _, name = SERVICE.split(".")
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, method.name),
            GetMessageClass(method.input_type).FromString,
            GetMessageClass(method.output_type).SerializeToString,
        )
        for method in pb.DESCRIPTOR.services_by_name[name].methods
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
