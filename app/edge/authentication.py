"""Lets in who may ask: the layer that resolves the principal of a request, once."""

from typing import Any

from app.edge.guards import Authenticator
from app.edge.layers import Call, Handler
from app.edge.route import Access
from app.serving.errors import ErrorCode, Forbidden

_OPEN, _KNOWN = Access.OPEN, Access.KNOWN


class Authentication:
    """The layer that sets ``principal`` of a call's options. Raises Unauthenticated, and Forbidden
    for a principal without the scope of the route."""

    errors = (ErrorCode.UNAUTHENTICATED, ErrorCode.FORBIDDEN)

    def __init__(self, handler: Handler, authenticator: Authenticator) -> None:
        self._handler = handler
        self._authenticator = authenticator

    async def __call__(self, call: Call) -> Any:
        access = call.route.access
        if access is not _OPEN:
            options = call.options
            principal = self._authenticator.known(options, socket=call.long_lived)
            if principal is None:
                principal = await self._authenticator.find(options)
            options.principal = principal
            if access is not _KNOWN and access not in principal.scopes:
                raise Forbidden(f"this needs the scope {access.value!r}, which the key has not")
        return await self._handler(call)
