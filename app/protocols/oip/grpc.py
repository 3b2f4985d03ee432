"""The protocol over gRPC: methods of the ingress, which Serve finds by their names.

Serve's doors cancel a call where its client does or where its deadline passes. The deadline itself
they keep to themselves, so metadata may also say how long a client will wait, as over HTTP.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any

from google.protobuf.message import Message
from ray.serve.grpc_util import RayServegRPCContext

from app.config import Limits
from app.edge.deadline import asked_s
from app.edge.errors import told
from app.edge.request_id import request_id_of
from app.protocols.http import too_large
from app.protocols.oip.errors import sentence, status_of
from app.protocols.oip.grpc_messages import (
    metadata_of,
    parameters_of,
    response_to,
    tensors_of,
    wanted_of,
)
from app.protocols.oip.infer import infer, until
from app.protocols.oip.models import Models, server_metadata
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from app.serving.errors import Overloaded

Headers = list[tuple[bytes, bytes]]

_ID = "x-request-id"
_SERVES_ID = "request_id"
_MOST_DETAILS = 2000  # with its percent-encoding it must fit into 8 KB of trailers


class GrpcMethods:
    """GRPCInferenceService. Each method takes its request and gives its response, or sets the
    status of the call and gives an empty one: what a method raises Serve would log and tell."""

    def __init__(self, dataplane: Dataplane, limits: Limits) -> None:
        self._models = Models(dataplane)
        self._limits = limits

    async def ServerLive(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        return pb.ServerReadyResponse(ready=self._models.ready)

    async def ModelReady(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        async def answer(_: float) -> Message:
            ready = self._models.is_ready(request.name, request.version)
            return pb.ModelReadyResponse(ready=ready)

        return await self._answered(grpc_context, answer, pb.ModelReadyResponse)

    async def ServerMetadata(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        about = server_metadata()
        return pb.ServerMetadataResponse(
            name=about.name, version=about.version, extensions=about.extensions
        )

    async def ModelMetadata(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        async def answer(_: float) -> Message:
            about = self._models.metadata(request.name, request.version)
            return pb.ModelMetadataResponse(
                name=about.name,
                versions=about.versions,
                platform=about.platform,
                inputs=metadata_of(about.inputs),
                outputs=metadata_of(about.outputs),
            )

        return await self._answered(grpc_context, answer, pb.ModelMetadataResponse)

    async def ModelInfer(self, request: Any, grpc_context: RayServegRPCContext) -> Any:
        async def answer(deadline: float) -> Message:
            if request.ByteSize() > self._limits.max_body_bytes:
                raise too_large(self._limits.max_body_bytes)
            serving = self._models.serving(request.model_name, request.model_version)
            inferred = await infer(
                serving,
                tensors_of(request),
                wanted_of(request),
                parameters_of(request.parameters),
                limit=self._limits.max_instances,
                deadline=deadline,
            )
            response: Message = response_to(request, serving.model, inferred)
            return response

        return await self._answered(grpc_context, answer, pb.ModelInferResponse)

    async def _answered(
        self,
        context: RayServegRPCContext,
        answer: Callable[[float], Awaitable[Message]],
        empty: Callable[[], Message],
    ) -> Message:
        """What ``answer`` gives by a deadline (of the event loop's clock)."""
        scope = {"headers": _headers(context)}
        request_id = request_id_of(scope)
        trailers = [(_ID, request_id)]
        try:
            limit_s = min(asked_s(scope) or inf, self._limits.timeout_s)
            deadline = asyncio.get_running_loop().time() + limit_s
            async with until(deadline):
                return await answer(deadline)
        except Exception as error:
            _, detail = told(error, request_id)
            context.set_code(status_of(detail))
            context.set_details(sentence(detail)[:_MOST_DETAILS])
            if isinstance(error, Overloaded):
                # The second is what gRPC's own retries go by.
                trailers.append(("retry-after", str(error.retry_after_s)))
                trailers.append(("grpc-retry-pushback-ms", str(error.retry_after_s * 1000)))
            return empty()
        finally:
            context.set_trailing_metadata(trailers)


def _headers(context: RayServegRPCContext) -> Headers:
    """The metadata of a call as the headers of a request; the request id is what the client has
    named itself, or else Serve."""
    metadata: Sequence[tuple[str, str | bytes]] = context.invocation_metadata()
    named = [(key, value) for key, value in metadata if isinstance(value, str)]
    named += [(_ID, id) for key, id in context.trailing_metadata() if key == _SERVES_ID]
    return [(key.encode(), value.encode()) for key, value in named]
