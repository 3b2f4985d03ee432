"""Whether a service over gRPC serves: they all do while the model is ready."""

from typing import Any

from grpc_health.v1 import health_pb2 as pb

from app.edge.route import Access
from app.protocols.error_forms import GRPC_FORMS
from app.protocols.grpc import GrpcCall, GrpcMethods, grpc_method
from app.protocols.health.grpc_service import DESCRIPTOR
from app.serving.errors import ErrorCode, InvalidRequest

_SHOWN = 100


class HealthMethods(GrpcMethods):
    """The methods of Health that are served."""

    @grpc_method(DESCRIPTOR, access=Access.OPEN, protocol="health")
    async def Check(self, call: GrpcCall) -> Any:
        name = call.request.service
        if name and name not in GRPC_FORMS:
            why = f"no service {name[:_SHOWN]!r}: there are {', '.join(GRPC_FORMS)}"
            raise InvalidRequest(ErrorCode.NOT_FOUND, why)
        ready = self.dataplane.condition().ready
        status = pb.HealthCheckResponse.SERVING if ready else pb.HealthCheckResponse.NOT_SERVING
        return pb.HealthCheckResponse(status=status)
