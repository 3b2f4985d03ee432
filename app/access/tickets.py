"""Tickets by which a page in a browser opens a stream: it cannot send a header there.

A ticket names its principal and is signed, so that any replica takes one that another has given. It
is part of an address, which ends up in histories and logs, and is therefore short-lived, for the
page's own origin alone, and used up by a replica that has taken it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from math import inf
from os import urandom
from time import time

import msgspec
from pydantic import ValidationError

from app.access.principal import Limit, Principal, Scope
from app.edge.guards import Ticket
from app.serving.errors import Unauthenticated

PARAMETER = b"ticket="
"""Begins it in the query of a handshake."""

_SIGNATURE_BYTES = 32


class _Claims(msgspec.Struct, array_like=True):
    nonce: bytes
    expires: float
    origin: str
    id: str
    scopes: list[Scope]
    limits: list[dict[str, str | int | float | None]]
    until: float | None
    key: str | None


class Tickets:
    """Gives and takes tickets that are signed with ``key`` (HMAC-SHA-256), which all replicas
    have."""

    def __init__(self, key: bytes, valid_s: float) -> None:
        self._key = key
        self._valid_s = valid_s
        self._used: OrderedDict[bytes, float] = OrderedDict()

    def issue(self, principal: Principal, origin: bytes) -> Ticket:
        """One for this principal, on pages of ``origin``; b"" is for clients that are no page."""
        now = time()
        valid_s = min(self._valid_s, principal.until - now)
        claims = _Claims(
            urandom(16),
            now + valid_s,
            origin.decode("latin-1"),
            principal.id,
            [*principal.scopes],
            [limit.model_dump(mode="json") for limit in principal.limits],
            None if principal.until == inf else principal.until,
            principal.key,
        )
        payload = msgspec.json.encode(claims)
        text = urlsafe_b64encode(payload + self._signature(payload)).rstrip(b"=").decode()
        return Ticket(text, valid_s)

    def known(self, query: bytes, origin: bytes) -> Principal:
        """Whose ticket the query of a handshake has, which is used up by that. Raises
        Unauthenticated."""
        given = [part for part in query.split(b"&") if part.startswith(PARAMETER)]
        claims = self._claims(given)
        now = time()
        if claims is None or claims.origin != origin.decode("latin-1"):
            raise Unauthenticated("this ticket is not one that counts here: get a new one")
        if claims.expires <= now or not self._first(claims.nonce, claims.expires, now):
            raise Unauthenticated("this ticket has expired, or was used: get a new one")
        try:
            limits = tuple(map(Limit.model_validate, claims.limits))
        except ValidationError:  # of a replica of another version
            raise Unauthenticated("this ticket is of no use here: get a new one") from None
        until = inf if claims.until is None else claims.until
        return Principal(claims.id, frozenset(claims.scopes), limits, until, claims.key)

    def _claims(self, given: Sequence[bytes]) -> _Claims | None:
        if len(given) != 1:
            return None
        try:
            text = given[0].removeprefix(PARAMETER)
            signed = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
            payload, signature = signed[:-_SIGNATURE_BYTES], signed[-_SIGNATURE_BYTES:]
            if not hmac.compare_digest(signature, self._signature(payload)):
                return None
            return msgspec.json.decode(payload, type=_Claims)
        except (ValueError, msgspec.DecodeError):
            return None

    def _signature(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, sha256)

    def _first(self, nonce: bytes, expires: float, now: float) -> bool:
        used = self._used
        while used and next(iter(used.values())) <= now:
            used.popitem(last=False)
        if nonce in used:
            return False
        used[nonce] = expires
        return True
