"""The protocol over gRPC: methods of the ingress, which Serve finds by their names.

Serve's doors cancel a call where its client does or where its deadline passes. The deadline itself
they keep to themselves, so metadata may also say how long a client will wait, as over HTTP.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from ray.serve.grpc_util import RayServegRPCContext

from app.config import Limits
from app.edge.errors import body_too_large
from app.edge.layers import Handler
from app.edge.options import REQUEST_ID, RequestOptions
from app.edge.route import Cost, Route
from app.protocols.error_forms import GRPC_FORMS
from app.protocols.oip import SERVICE
from app.protocols.oip.grpc_messages import (
    metadata_of,
    parameters_of,
    response_to,
    tensors_of,
    wanted_of,
)
from app.protocols.oip.grpc_service import METHODS
from app.protocols.oip.infer import infer
from app.protocols.oip.models import model_metadata, server_metadata
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from app.serving.errors import WindsockError
from app.serving.served_version import ServedVersion

_SERVES_ID = "request_id"
_NAMES = {
    **dict.fromkeys(("name", "model_name"), "model"),
    **dict.fromkeys(("version", "model_version"), "version"),
}

Answer = Callable[..., Awaitable[Message]]
Method = Callable[["GrpcMethods", Any, RayServegRPCContext], Awaitable[Message]]


class GrpcCall:
    """A call of one of these methods with this message."""

    __slots__ = ("_context", "_empty", "methods", "names", "options", "request", "route")
    long_lived: ClassVar[bool] = False

    def __init__(
        self,
        methods: "GrpcMethods",
        request: Any,
        context: RayServegRPCContext,
        route: Route,
        empty: type[Message],
    ) -> None:
        self.methods = methods
        self.request = request
        self.route = route
        self.names = {
            _NAMES[field.name]: getattr(request, field.name)
            for field in request.DESCRIPTOR.fields
            if field.name in _NAMES
        }
        self.options = RequestOptions(_headers(context))
        self._context = context
        self._empty = empty
        self._trail()

    async def refuse(self, error: WindsockError) -> Message:
        """Set the status, and give an empty response: what a method raises Serve would log and
        tell."""
        status, details = GRPC_FORMS[SERVICE](error.detail(self.options.request_id))
        self._context.set_code(status)
        self._context.set_details(details)
        trailers = [*error.headers]
        if (seconds := error.retry_after_s) is not None:
            # The second is what gRPC's own retries go by.
            trailers += [
                ("retry-after", str(seconds)),
                ("grpc-retry-pushback-ms", str(seconds * 1000)),
            ]
        self._trail(*trailers)
        return self._empty()

    def _trail(self, *trailers: tuple[str, str]) -> None:
        self._context.set_trailing_metadata([(REQUEST_ID, self.options.request_id), *trailers])


def _method(cost: Cost = Cost.CONTROL, *, model: bool = False) -> Callable[[Answer], Method]:
    """Makes a method, as Serve calls it, of what answers its request behind the layers."""

    def made(answer: Answer) -> Method:
        def handler(call: GrpcCall, *serving: Any, **names: str) -> Awaitable[Message]:
            return answer(call.methods, call, *serving, **names)

        name = answer.__name__
        route = Route("POST", f"/{SERVICE}/{name}", handler, cost=cost, model=model)
        empty = GetMessageClass(METHODS[name].output_type)

        async def method(
            self: "GrpcMethods", request: Any, grpc_context: RayServegRPCContext
        ) -> Message:
            call = GrpcCall(self, request, grpc_context, route, empty)
            response: Message = await self._handle(call)
            return response

        method.__name__ = name  # of which Serve's log tells
        return method

    return made


class GrpcMethods:
    """GRPCInferenceService, each method behind the layers that every request passes."""

    def __init__(self, dataplane: Dataplane, limits: Limits, handle: Handler) -> None:
        self._dataplane = dataplane
        self._limits = limits
        self._handle = handle

    @_method()
    async def ServerLive(self, call: GrpcCall) -> Any:
        return pb.ServerLiveResponse(live=True)

    @_method()
    async def ServerReady(self, call: GrpcCall) -> Any:
        return pb.ServerReadyResponse(ready=self._dataplane.find() is not None)

    @_method()
    async def ModelReady(self, call: GrpcCall, model: str, version: str) -> Any:
        ready = self._dataplane.find(model, version) is not None
        return pb.ModelReadyResponse(ready=ready)

    @_method()
    async def ServerMetadata(self, call: GrpcCall) -> Any:
        about = server_metadata()
        return pb.ServerMetadataResponse(
            name=about.name, version=about.version, extensions=about.extensions
        )

    @_method(model=True)
    async def ModelMetadata(self, call: GrpcCall, serving: ServedVersion) -> Any:
        about = model_metadata(serving, self._dataplane.bundles)
        return pb.ModelMetadataResponse(
            name=about.name,
            versions=about.versions,
            platform=about.platform,
            inputs=metadata_of(about.inputs),
            outputs=metadata_of(about.outputs),
        )

    @_method(Cost.PREDICTION)
    async def ModelInfer(self, call: GrpcCall, serving: ServedVersion) -> Any:
        request = call.request
        if request.ByteSize() > self._limits.max_body_bytes:
            raise body_too_large(self._limits.max_body_bytes)
        inferred = await infer(
            serving,
            tensors_of(request),
            wanted_of(request),
            parameters_of(request.parameters),
            options=call.options,
            limit=self._limits.max_instances,
        )
        return response_to(request, serving.model, inferred)


def _headers(context: RayServegRPCContext) -> list[tuple[bytes, bytes]]:
    """The metadata of a call as the headers of a request; the request id is what the client has
    named itself, or else Serve."""
    metadata: Sequence[tuple[str, str | bytes]] = context.invocation_metadata()
    named = [(key, value) for key, value in metadata if isinstance(value, str)]
    named += [(REQUEST_ID, id) for key, id in context.trailing_metadata() if key == _SERVES_ID]
    return [(key.encode(), value.encode()) for key, value in named]
