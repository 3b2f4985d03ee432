"""The protocol over gRPC."""

from typing import Any

from app.edge.account import Serving
from app.edge.errors import body_too_large
from app.edge.route import Access, Cost
from app.protocols.grpc import GrpcCall, GrpcMethods, grpc_method
from app.protocols.oip.grpc_messages import (
    metadata_of,
    parameters_of,
    properties_of,
    response_to,
    tensors_of,
    wanted_of,
)
from app.protocols.oip.grpc_service import DESCRIPTOR
from app.protocols.oip.infer import infer
from app.protocols.oip.models import model_metadata, server_metadata
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.served_version import ServedVersion


class InferenceMethods(GrpcMethods):
    """The methods of GRPCInferenceService."""

    @grpc_method(DESCRIPTOR, access=Access.OPEN, protocol="health")
    async def ServerLive(self, call: GrpcCall) -> Any:
        return pb.ServerLiveResponse(live=True)

    @grpc_method(DESCRIPTOR, access=Access.OPEN, protocol="health")
    async def ServerReady(self, call: GrpcCall) -> Any:
        return pb.ServerReadyResponse(ready=self.dataplane.condition().ready)

    @grpc_method(DESCRIPTOR, access=Access.OPEN, protocol="health")
    async def ModelReady(self, call: GrpcCall, model: str, version: str) -> Any:
        return pb.ModelReadyResponse(ready=self.dataplane.ready(model, version))

    @grpc_method(DESCRIPTOR, access=Access.KNOWN)
    async def ServerMetadata(self, call: GrpcCall) -> Any:
        about = server_metadata()
        return pb.ServerMetadataResponse(
            name=about.name, version=about.version, extensions=about.extensions
        )

    @grpc_method(DESCRIPTOR, model=True, access=Access.KNOWN)
    async def ModelMetadata(self, call: GrpcCall, serving: ServedVersion) -> Any:
        about = model_metadata(serving, self.dataplane.bundles)
        return pb.ModelMetadataResponse(
            name=about.name,
            versions=about.versions,
            platform=about.platform,
            inputs=metadata_of(about.inputs),
            outputs=metadata_of(about.outputs),
            properties=properties_of([*about.inputs, *about.outputs]),
        )

    @grpc_method(DESCRIPTOR, Cost.PREDICTION)
    async def ModelInfer(self, call: GrpcCall, serving: Serving) -> Any:
        request = call.request
        if request.ByteSize() > self.limits.max_body_bytes:
            raise body_too_large(self.limits.max_body_bytes)
        inferred = await infer(
            serving,
            tensors_of(request),
            wanted_of(request),
            parameters_of(request.parameters),
            options=call.options,
            limit=self.limits.max_instances,
        )
        return response_to(request, serving.model, inferred)
