"""Bearer tokens of an OIDC issuer."""

from collections import OrderedDict
from hashlib import sha256
from math import isfinite
from time import time
from typing import Any

import jwt
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from app.access.jwks import ALGORITHMS, Jwks
from app.access.principal import Principal, Scope
from app.access.settings import TokenSettings
from app.serving.errors import Unauthenticated

PREFIX = "oidc:"
"""Begins the id of each principal that a token names: no API key's does."""
CHALLENGE = 'Bearer error="invalid_token"'
"""RFC 6750, 3."""

_CACHED_S = 60.0
_MOST_CACHED = 16_384
_LONGEST_ID = 255  # OpenID Connect Core 1.0, 2


class Tokens:
    """Knows principals by tokens that the issuer signed for us. One that was found good counts for
    another minute without a further look, and never past its ``exp``."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._jwks = Jwks(settings)
        self._scopes = {settings.scope_prefix + scope.value: scope for scope in Scope}
        # By hash, so that no token lies in memory for longer than its request.
        self._cache: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._options: jwt.types.Options = {
            "require": ["exp", "iss", "aud", settings.id_claim],
            "enforce_minimum_key_length": True,
        }

    async def start(self) -> None:
        """Follow the issuer's keys; it may be away."""
        self._jwks.start()

    async def close(self) -> None:
        """Follow them no longer."""
        await self._jwks.close()

    def problems(self) -> list[str]:
        """What ``/health`` has to tell."""
        return [self._jwks.problem] if self._jwks.problem else []

    def known(self, token: bytes) -> Principal | None:
        """Whose token this is, where it was found out within the last minute."""
        found = self._cache.get(sha256(token).digest())
        if found is None or found[0] <= time():
            return None
        return found[1]

    async def find(self, token: bytes) -> Principal:
        """Whose token this is. Raises Unauthenticated, or Unavailable where that cannot be told
        while the issuer is away."""
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS[self._settings.family]:
                raise _refused()
            key = await self._jwks.find(header.get("kid"))
            if key is None:
                raise _refused()
            claims = jwt.decode(
                token,
                key.public,
                algorithms=key.algorithms,
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_s,
                options=self._options,
            )
            principal = self._principal(claims)
        except ExpiredSignatureError:
            raise _expired() from None
        except (PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise _refused() from None
        return self._remembered(token, principal)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        id, until = claims[self._settings.id_claim], float(claims["exp"])
        if not (isinstance(id, str) and 0 < len(id) <= _LONGEST_ID and id.isprintable()):
            raise _refused()
        if not isfinite(until) or until <= time():
            raise _expired()
        scopes = frozenset(
            self._scopes[name]
            for name in _words(claims.get(self._settings.scope_claim))
            if name in self._scopes
        )
        return Principal(PREFIX + id, scopes, until=until)

    def _remembered(self, token: bytes, principal: Principal) -> Principal:
        cache = self._cache
        cache[sha256(token).digest()] = min(time() + _CACHED_S, principal.until), principal
        if len(cache) > _MOST_CACHED:
            cache.popitem(last=False)
        return principal


def _words(claim: object) -> list[str]:
    """Those of a text, as in RFC 8693 (4.2), or of a list, as some issuers have it."""
    if isinstance(claim, str):
        return claim.split()
    return [one for one in claim if isinstance(one, str)] if isinstance(claim, list) else []


def _refused() -> Unauthenticated:
    return Unauthenticated("this token is not one that counts here", CHALLENGE)


def _expired() -> Unauthenticated:
    return Unauthenticated("this token has expired", CHALLENGE)
