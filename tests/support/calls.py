"""Handlers of calls, driven as ASGI applications."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.edge.http import HttpCall
from app.edge.layers import Handler
from app.edge.websocket import SocketCall
from app.protocols.error_forms import form_of


def application(handler: Handler) -> ASGIApp:
    """A handler of the calls of HTTP and WebSocket, with no layer before it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        call = SocketCall if scope["type"] == "websocket" else HttpCall
        await handler(call(scope, receive, send, form_of))

    return app
