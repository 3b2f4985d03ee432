"""The keys by which an issuer signs: fetched off the loop, kept while it is away."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Any

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from pydantic import TypeAdapter, ValidationError

from app.access.settings import Family, PrivateUrl, TokenSettings
from app.serving.errors import Unavailable
from deployments.log import get_logger

logger = get_logger(__name__)

ALGORITHMS: Mapping[Family, Sequence[str]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
}

_MOST_BYTES = 2**18
_MOST_KEYS = 64
_LEAST_RSA_BITS = 2048  # RFC 7518, 3.3
_private_url: TypeAdapter[str] = TypeAdapter(PrivateUrl)


class NoKeys(Exception):
    """The issuer's keys could not be had; the message says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and the algorithms for which it may be used."""

    public: RSAPublicKey | EllipticCurvePublicKey
    algorithms: Sequence[str]


SigningKeys = Mapping[str | None, SigningKey]
"""By id; under None, too, where there is one alone."""


class Jwks:
    """Follows the keys of an issuer. An id that is not among them has it asked at once, unless it
    has just been asked: ids that somebody made up cost it nothing more."""

    def __init__(self, settings: TokenSettings) -> None:
        self._settings = settings
        self._keys: SigningKeys = {}
        self._asked = -inf
        self._asking: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.problem: str | None = None

    def start(self) -> None:
        """Follow them from now on."""
        self._following = asyncio.create_task(self._follow(), context=Context())

    async def close(self) -> None:
        """Follow them no longer."""
        for task in (self._following, self._asking):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def find(self, id: str | None) -> SigningKey | None:
        """The key with this id. Raises Unavailable where the issuer might have it, and is away."""
        key = self._keys.get(id)
        if key is None:
            await self._ask_again()
            key = self._keys.get(id)
            if key is None and self.problem:
                raise Unavailable("the issuer of tokens does not give its keys now")
        return key

    async def _follow(self) -> None:
        while True:
            await self._ask_again()
            settings = self._settings
            await asyncio.sleep(settings.cool_down_s if self.problem else settings.refresh_s)

    async def _ask_again(self) -> None:
        """Unless that was done just now; all who wait for it wait for the same answer."""
        if self._asking is None:
            if monotonic() - self._asked < self._settings.cool_down_s:
                return
            self._asked = monotonic()
            self._asking = asyncio.create_task(self._ask(), context=Context())
        await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        try:
            self._keys = await asyncio.to_thread(fetch, self._settings)
        except Exception as error:  # what an issuer answers must not end that it is followed
            if self.problem is None:
                logger.error("the keys of the issuer of tokens cannot be had: %s", error)
            known = "those that are known still count" if self._keys else "no token counts"
            self.problem = f"the issuer of tokens does not give its keys: {known}"
        else:
            if self.problem is not None:
                logger.info("the issuer of tokens gives its keys again")
            self.problem = None
        finally:
            self._asking = None


def fetch(settings: TokenSettings) -> SigningKeys:
    """The keys of the issuer that are of the family that counts. Blocks, and raises NoKeys."""
    by = monotonic() + settings.timeout_s
    with httpx.Client(timeout=settings.timeout_s) as client:
        address = settings.jwks or _discovered(client, settings, by)
        listed = _got(client, address, by).get("keys")
    if not isinstance(listed, list):
        raise NoKeys(f"{address} has no list of keys")
    keys = {
        one.get("kid"): key
        for one in listed[:_MOST_KEYS]
        if isinstance(one, dict) and (key := _signing_key(one, settings.family))
    }
    if not keys:
        raise NoKeys(f"{address} has no {settings.family} key that is fit for signatures")
    return {None: next(iter(keys.values())), **keys} if len(keys) == 1 else keys


def _discovered(client: httpx.Client, settings: TokenSettings, by: float) -> str:
    """OpenID Connect Discovery 1.0, 4."""
    address = f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration"
    about = _got(client, address, by)
    if about.get("issuer") != settings.issuer:
        raise NoKeys(f"{address} is of another issuer")
    try:
        return _private_url.validate_python(about.get("jwks_uri"))
    except ValidationError as error:
        raise NoKeys(
            f"the jwks_uri of {address} is of no use: {error.errors()[0]['msg']}"
        ) from None


def _got(client: httpx.Client, address: str, by: float) -> dict[str, Any]:
    """The JSON object there, of a sound size and by that instant of ``monotonic``. A redirect is
    not followed: it could lead anywhere."""
    try:
        body = bytearray()
        with client.stream("GET", address, headers={"accept-encoding": "identity"}) as answer:
            if answer.status_code != httpx.codes.OK:
                raise NoKeys(f"{address} answered with status {answer.status_code}")
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise NoKeys(f"{address} answered with more than {_MOST_BYTES} bytes")
                if monotonic() > by:
                    raise NoKeys(f"{address} did not answer in time")
        found = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoKeys(f"{address} cannot be asked: {error or type(error).__name__}") from error
    except (ValueError, RecursionError):
        raise NoKeys(f"{address} answered with what is no JSON") from None
    if not isinstance(found, dict):
        raise NoKeys(f"{address} answered with what is no JSON object")
    return found


def _signing_key(jwk: dict[str, Any], family: Family) -> SigningKey | None:
    """What is to be had of this key for signatures of the family; None is nothing."""
    id, declared = jwk.get("kid"), jwk.get("alg")
    algorithms = ALGORITHMS[family] if declared is None else (declared,)
    if (
        jwk.get("kty") != family
        or jwk.get("use", "sig") != "sig"
        or not (id is None or isinstance(id, str))
        or not {*map(str, algorithms)} <= {*ALGORITHMS[family]}
    ):
        return None
    try:
        public = PyJWK(jwk).key
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None
    if isinstance(public, RSAPublicKey):
        return SigningKey(public, algorithms) if public.key_size >= _LEAST_RSA_BITS else None
    return SigningKey(public, algorithms) if isinstance(public, EllipticCurvePublicKey) else None
