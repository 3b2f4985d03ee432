"""Principals without credentials, for what is behind authentication."""

from collections.abc import Mapping

from app.access.principal import Limit, Principal, Scope
from app.edge.guards import Ticket
from app.edge.options import RequestOptions
from app.serving.errors import Unauthenticated


def principal(id: str = "shop", *limits: Limit, scopes: tuple[Scope, ...] = ()) -> Principal:
    """One that may predict."""
    return Principal(id, frozenset(scopes or (Scope.PREDICT,)), limits)


class Named:
    """Takes whoever names itself as one of these, in place of a credential."""

    def __init__(self, *known: Principal) -> None:
        self._known: Mapping[bytes, Principal] = {one.id.encode(): one for one in known}

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def problems(self) -> list[str]:
        return []

    def known(self, options: RequestOptions, *, socket: bool) -> Principal | None:
        return self._known.get(options.authorization)

    async def find(self, options: RequestOptions) -> Principal:
        raise Unauthenticated("nobody knows you")

    def ticket(self, options: RequestOptions) -> Ticket:
        raise NotImplementedError

    def holds(self, principal: Principal) -> bool:
        return True
