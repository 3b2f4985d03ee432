"""The service over gRPC; ``serve_config.yaml`` names it."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2 as pb

from app.protocols.grpc_service import add_methods
from app.protocols.health import SERVICE

DESCRIPTOR = pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]]


def add_to_server(servicer: Any, server: grpc.aio.Server) -> None:
    """Register ``Check``. ``Watch`` is left UNIMPLEMENTED, which clients take for healthy: Serve
    would end such a call as one that lasts too long, and wait for it whenever a replica stops."""
    add_methods(DESCRIPTOR, servicer, server, ["Check"])
