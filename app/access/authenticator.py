"""Whose a request is, by what it brings along: an API key, a token of an issuer, or a ticket."""

from hmac import compare_digest
from time import time
from typing import Protocol

from app.access.followed_keys import FollowedKeys
from app.access.key import PREFIX
from app.access.pepper import derived
from app.access.principal import Principal
from app.access.tickets import PARAMETER, Tickets
from app.edge.guards import Guard, Ticket
from app.edge.options import RequestOptions
from app.serving.errors import Unauthenticated, Unavailable

_BEARER = b"Bearer "
_NO_KEY = "there is no API key that counts, so nobody can ask: `windsock keys create` makes one"
_KEY_WANTED = "say who asks, by an API key in the header `authorization: Bearer wsk_...`"
_WANTED = "say who asks, by an API key or a token in the header `authorization: Bearer ...`"


class Tokens(Guard, Protocol):
    """Knows principals by the tokens of their issuer."""

    def known(self, token: bytes) -> Principal | None:
        """Whose it is, if that can be told without waiting. Raises Unauthenticated."""

    async def find(self, token: bytes) -> Principal:
        """The same where it takes a while. Raises Unauthenticated or Unavailable."""


class CredentialAuthenticator:
    """Knows principals by the header ``authorization`` (RFC 6750), which gRPC has as metadata, and
    where a socket is opened without it by its ticket."""

    def __init__(
        self, keys: FollowedKeys, tokens: Tokens | None = None, tickets_valid_s: float = 30.0
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._tickets_valid_s = tickets_valid_s
        self._tickets: Tickets | None = None
        self._pepper = b""

    def problems(self) -> list[str]:
        """What is wrong with it, in words for clients."""
        problems = self._keys.problems()
        if self._tokens is not None:
            return problems + self._tokens.problems()
        return problems or ([_NO_KEY] if self._keys.none_counts else [])

    async def start(self) -> None:
        """Raises BrokenKeys, and what tokens raise."""
        await self._keys.start()
        if self._tokens is not None:
            await self._tokens.start()

    async def close(self) -> None:
        """Follow nothing any more."""
        if self._tokens is not None:
            await self._tokens.close()
        await self._keys.close()

    def known(self, options: RequestOptions, *, socket: bool) -> Principal | None:
        """Raises Unauthenticated."""
        given = options.authorization
        if given[:7] != _BEARER:
            if socket and not given and PARAMETER in options.query:
                return self._of_ticket(options)
            given = _normal(given)
        credential = given[7:]
        if credential[:4] == PREFIX:
            return self._keys.principal(credential)
        if self._tokens is None or not credential:
            raise Unauthenticated(_WANTED if self._tokens else _KEY_WANTED)
        return self._tokens.known(credential)

    async def find(self, options: RequestOptions) -> Principal:
        """Raises Unauthenticated or Unavailable."""
        assert self._tokens is not None  # nothing else takes a while
        return await self._tokens.find(_normal(options.authorization)[7:])

    def ticket(self, options: RequestOptions) -> Ticket:
        """One for the principal of this request. Raises Unavailable."""
        assert options.principal is not None
        if (tickets := self._signing()) is None:
            raise Unavailable("there is nothing that tickets could be signed with: send a header")
        return tickets.issue(options.principal, options.origin)

    def holds(self, principal: Principal) -> bool:
        """Whether what this one has shown still counts."""
        if principal.key is not None:
            return self._keys.holds(principal.key)
        return time() < principal.until

    def _of_ticket(self, options: RequestOptions) -> Principal:
        if (tickets := self._signing()) is not None:
            principal = tickets.known(options.query, options.origin)
            if self.holds(principal):
                return principal
        raise Unauthenticated("this ticket is not one that counts here: get a new one")

    def _signing(self) -> Tickets | None:
        """Tickets of the pepper as it is now, which all replicas have; None without one."""
        pepper = self._keys.pepper
        if not compare_digest(pepper, self._pepper):
            key = derived(pepper, b"windsock tickets")
            self._tickets = Tickets(key, self._tickets_valid_s) if pepper else None
            self._pepper = pepper
        return self._tickets


def _normal(authorization: bytes) -> bytes:
    """The name of a scheme is of any case, with spaces behind it (RFC 9110, section 11.1)."""
    scheme, _, credential = authorization.partition(b" ")
    return _BEARER + credential.lstrip(b" ") if scheme.lower() == b"bearer" else b""
