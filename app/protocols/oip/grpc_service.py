"""The service over gRPC, made of the protocol's definition; ``serve_config.yaml`` names it."""

from typing import Any

import grpc

from app.protocols.grpc_service import add_methods
from app.protocols.oip import SERVICE
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb

DESCRIPTOR = pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]]


def add_to_server(servicer: Any, server: grpc.aio.Server) -> None:
    """Register a servicer's methods, by the names that the protocol gives them."""
    add_methods(DESCRIPTOR, servicer, server, [*DESCRIPTOR.methods_by_name])
