"""One ASGI application, whichever door a request comes through: its layers and its routes."""

from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from app.config import EdgeArgs
from app.edge.account import Accounting, RateLimits
from app.edge.authentication import Authentication
from app.edge.cors import SocketOrigins
from app.edge.deadline import Deadline
from app.edge.dispatch import Dispatch
from app.edge.errors import ErrorForm, Errors
from app.edge.guards import NO_GUARDS, Guards
from app.edge.http import HttpCall
from app.edge.layers import Layer, layered
from app.edge.observed import Observed
from app.edge.observing import Observing
from app.edge.route import Access, Cost, Route
from app.edge.websocket import SocketCall
from app.protocols.documentation import Documentation
from app.protocols.error_forms import form_of
from app.protocols.oip import routes as oip
from app.protocols.rest import feedback
from app.protocols.rest import routes as rest
from app.protocols.router import Router
from app.protocols.stream import routes as stream
from app.protocols.stream.streams import Streams
from app.serving.dataplane import Dataplane


def layers(args: EdgeArgs, guards: Guards) -> Iterator[Layer]:
    """What every request passes, whatever carries it, the outermost first."""
    authenticator, limiter = guards.authenticator, guards.limiter
    recorders, observers = guards.recorders, guards.observers
    yield Layer(Observed, Observed.errors)
    yield Layer(Errors, Errors.errors)
    if observers:
        yield Layer(partial(Observing, observers=observers), ())
    if limiter or recorders or observers:
        accounting = partial(
            Accounting, recorders=recorders, observers=observers, counted=limiter is not None
        )
        yield Layer(accounting, Accounting.errors)
    yield Layer(partial(Deadline, limit_s=args.limits.timeout_s), Deadline.errors)
    if authenticator:
        yield Layer(partial(Authentication, authenticator=authenticator), Authentication.errors)
    if limiter:
        yield Layer(partial(RateLimits, limiter=limiter), RateLimits.errors)


class Application:
    """Requests and sockets, each to its route through ``handle``, which has the layers: calls of
    gRPC pass it, too. ``routes`` are those of the document, ``served`` all."""

    def __init__(
        self,
        dataplane: Dataplane,
        args: EdgeArgs,
        streams: Streams | None = None,
        undocumented: Iterable[Route] = (),
        guards: Guards = NO_GUARDS,
    ) -> None:
        limits, passed = args.limits, [*layers(args, guards)]
        self.routes = [
            *rest.routes(dataplane, limits, auth=guards.authenticator is not None),
            *stream.routes(streams or Streams(dataplane, limits, args.stream, guards), guards),
            *oip.routes(dataplane, limits),
            *(feedback.routes(guards.feedback, limits) if guards.feedback else ()),
        ]
        self._models = dataplane.names
        self.errors = [code for layer in passed for code in layer.errors]
        access = Access.OPEN if not args.auth or args.auth.public_docs else Access.KNOWN
        pages = Documentation(self.routes, self.errors, access).routes()
        self.served = [*self.routes, *pages, *undocumented]
        self._router = Router(self.served)
        self.handle = layered(passed, Dispatch(dataplane))
        own = Layer(partial(SocketOrigins, origins=args.cors.origins if args.cors else ()), ())
        self._handle_socket = layered([*passed[:2], own, *passed[2:]], Dispatch(dataplane))

    @property
    def prediction_forms(self) -> dict[str, ErrorForm]:
        """The paths at which predictions are posted, with the form of their errors."""
        posted = {
            route.path.replace("{model}", quote(model))
            for route in self.routes
            for model in self._models
            if route.cost is Cost.PREDICTION and route.method == "POST"
        }
        return {path: form_of(path) for path in posted if "{" not in path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            call, handle = HttpCall(scope, receive, send, form_of), self.handle
        elif scope["type"] == "websocket":
            call, handle = SocketCall(scope, receive, send, form_of), self._handle_socket
        else:
            await _live(receive, send)
            return
        self._router.match(call)
        await handle(call)


async def _live(receive: Receive, send: Send) -> None:
    """The application has nothing to start or to stop."""
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
