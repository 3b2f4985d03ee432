"""Calls over gRPC, whatever the service: methods of the ingress, which Serve finds by their names.

Serve's doors cancel a call where its client does or where its deadline passes. The deadline itself
they keep to themselves, so metadata may also say how long a client will wait, as over HTTP.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from ray.serve.grpc_util import RayServegRPCContext

from app.access.principal import Scope
from app.config import Limits
from app.edge.layers import Handler
from app.edge.options import RAY_GRPC, REQUEST_ID, RequestOptions
from app.edge.route import Access, Cost, Route
from app.edge.trace_context import TRACE_RESPONSE
from app.protocols.error_forms import GRPC_FORMS
from app.serving.dataplane import Dataplane
from app.serving.errors import WindsockError

_SERVES_ID = "request_id"
_NAMES = {
    **dict.fromkeys(("name", "model_name"), "model"),
    **dict.fromkeys(("version", "model_version"), "version"),
}

Answer = Callable[..., Awaitable[Message]]
Method = Callable[["GrpcMethods", Any, RayServegRPCContext], Awaitable[Message]]


class GrpcCall:
    """A call of one of these methods with this message."""

    __slots__ = (
        *("_context", "_empty", "_trailers", "methods"),
        *("names", "options", "request", "route"),
    )
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
        self.options.door = RAY_GRPC
        self._context = context
        self._empty = empty
        self._trailers = [(REQUEST_ID, self.options.request_id)]
        context.set_trailing_metadata(self._trailers)

    async def refuse(self, error: WindsockError) -> Message:
        """Set the status, and give an empty response: what a method raises Serve would log and
        tell."""
        form = GRPC_FORMS[self.route.path.split("/")[1]]
        status, details = form(error.detail(self.options.request_id))
        self._context.set_code(status)
        self._context.set_details(details)
        self._trailers += error.headers
        if (seconds := error.retry_after_s) is not None:
            # The second is what gRPC's own retries go by.
            self._trailers += [
                ("retry-after", str(seconds)),
                ("grpc-retry-pushback-ms", str(seconds * 1000)),
            ]
        return self._empty()

    def end(self) -> None:
        """Say in the trailing metadata what is to be said beside a response. Of limits it goes by
        names of our own, since HTTP's must not be in trailers."""
        if meter := self.options.meter:
            for name, value in meter.fields():
                self._trailers.append((f"windsock-{name.decode()}", value.decode()))
        if trace := self.options.trace:
            self._trailers.append((TRACE_RESPONSE, trace.header.decode()))
        self._context.set_trailing_metadata(self._trailers)


def grpc_method(
    service: ServiceDescriptor,
    cost: Cost = Cost.CONTROL,
    *,
    model: bool = False,
    access: Access | Scope = Scope.PREDICT,
    protocol: str = "oip_grpc",
) -> Callable[[Answer], Method]:
    """Makes a method of this service, as Serve calls it, of what answers its request behind the
    layers."""

    def made(answer: Answer) -> Method:
        def handler(call: GrpcCall, *serving: Any, **names: str) -> Awaitable[Message]:
            return answer(call.methods, call, *serving, **names)

        name = answer.__name__
        path = f"/{service.full_name}/{name}"
        route = Route("POST", path, handler, None, cost, model, access, protocol)
        empty = GetMessageClass(service.methods_by_name[name].output_type)

        async def method(
            self: "GrpcMethods", request: Any, grpc_context: RayServegRPCContext
        ) -> Message:
            call = GrpcCall(self, request, grpc_context, route, empty)
            response: Message = await self.handle(call)
            call.end()
            return response

        method.__name__ = name  # of which Serve's log tells
        return method

    return made


class GrpcMethods:
    """What methods need, each of which is behind the layers that every request passes."""

    def __init__(self, dataplane: Dataplane, limits: Limits, handle: Handler) -> None:
        self.dataplane = dataplane
        self.limits = limits
        self.handle = handle


def _headers(context: RayServegRPCContext) -> list[tuple[bytes, bytes]]:
    """The metadata of a call as the headers of a request; the request id is what the client has
    named itself, or else Serve."""
    metadata: Sequence[tuple[str, str | bytes]] = context.invocation_metadata()
    named = [(key, value) for key, value in metadata if isinstance(value, str)]
    named += [(REQUEST_ID, id) for key, id in context.trailing_metadata() if key == _SERVES_ID]
    return [(key.encode(), value.encode()) for key, value in named]
