"""The service over gRPC, made of the protocol's definition; ``serve_config.yaml`` names it."""

from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from app.protocols.oip import SERVICE
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb

METHODS = pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]].methods_by_name
"""The descriptors of the service's methods, by name."""


def add_to_server(servicer: Any, server: grpc.aio.Server) -> None:
    """Register a servicer's methods, by the names that the protocol gives them. Each takes one
    message and answers one."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            GetMessageClass(method.input_type).FromString,
            GetMessageClass(method.output_type).SerializeToString,
        )
        for name, method in METHODS.items()
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
