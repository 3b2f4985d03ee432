"""Tokens of an issuer: whose they are, and which are none."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.access import tokens as module
from app.access.principal import Scope
from app.access.tokens import Tokens
from app.serving.errors import Unauthenticated
from tests.support.issuer import Issuer, ec_key, issuing, public_jwk, rsa_key


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@asynccontextmanager
async def of(issuer: Issuer, **settings: Any) -> AsyncIterator[Tokens]:
    tokens = Tokens(issuer.settings(**settings))
    await tokens.start()
    try:
        yield tokens
    finally:
        await tokens.close()


@pytest.mark.parametrize("alg", ["RS256", "RS512", "PS256", "PS384"])
async def test_a_token_says_who_asks_and_what_for(issuer: Issuer, alg: str) -> None:
    token = issuer.token(alg=alg, scope="openid predict explain else")
    async with of(issuer) as tokens:
        found = await tokens.find(token)

    assert found.id == "oidc:ada"
    assert found.scopes == {Scope.PREDICT, Scope.EXPLAIN}
    assert 0 < found.until - time() <= 60


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        ({"scope_claim": "scp"}, {"scp": ["predict", 7, None]}),
        ({"scope_claim": "roles", "scope_prefix": "windsock:"}, {"roles": ["windsock:predict"]}),
        ({"scope_prefix": "windsock:"}, {"scope": "windsock:predict explain"}),
        ({"id_claim": "client_id"}, {"client_id": "ada", "sub": "another"}),
        ({}, {"aud": ["other", "windsock"]}),
    ],
)
async def test_issuers_write_it_in_several_ways(
    issuer: Issuer, settings: dict[str, Any], claims: dict[str, Any]
) -> None:
    async with of(issuer, **settings) as tokens:
        found = await tokens.find(issuer.token(**claims))

    assert found.id == "oidc:ada"
    assert found.scopes == {Scope.PREDICT}


async def test_a_clock_that_runs_ahead_a_little_is_one_to_live_with(issuer: Issuer) -> None:
    soon = time() + 3
    async with of(issuer) as tokens:
        assert (await tokens.find(issuer.token(nbf=soon, iat=soon))).id == "oidc:ada"


@pytest.mark.parametrize("scope", [None, "", "else", {"predict": True}, 7])
async def test_one_without_scopes_is_known_and_may_nothing(issuer: Issuer, scope: Any) -> None:
    async with of(issuer) as tokens:
        assert (await tokens.find(issuer.token(scope=scope))).scopes == frozenset()


@pytest.mark.parametrize(
    ("curve", "alg"), [(ec.SECP256R1, "ES256"), (ec.SECP384R1, "ES384"), (ec.SECP521R1, "ES512")]
)
async def test_the_other_family(curve: type[ec.EllipticCurve], alg: str) -> None:
    key = ec_key("one", curve)
    with issuing(public_jwk(key, "one")) as issuer:
        async with of(issuer, family="EC") as tokens:
            assert (await tokens.find(issuer.token(key, alg=alg))).id == "oidc:ada"


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> bytes:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def confused(issuer: Issuer) -> bytes:
    """Signed by HMAC with the public key as the secret, which everybody has."""
    pem = rsa_key("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = {"iss": issuer.url, "aud": "windsock", "sub": "ada", "exp": time() + 60}
    header, payload, _ = by_hand({"alg": "HS256", "kid": "one"}, claims).split(b".")
    signed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        header + b"." + payload, pem
    )
    return header + b"." + payload + b"." + base64.urlsafe_b64encode(signed).rstrip(b"=")


def unsigned(issuer: Issuer, alg: str) -> bytes:
    claims = {"iss": issuer.url, "aud": "windsock", "sub": "ada", "exp": time() + 60}
    return by_hand({"alg": alg, "kid": "one"}, claims)


def altered(issuer: Issuer) -> bytes:
    header, payload, signature = issuer.token(scope="").split(b".")
    claims = json.loads(base64.urlsafe_b64decode(payload + b"=="))
    forged = json.dumps(claims | {"scope": "predict admin"}).encode()
    return b".".join([header, base64.urlsafe_b64encode(forged).rstrip(b"="), signature])


BAD: dict[str, Any] = {
    "alg none": lambda one: unsigned(one, "none"),
    "alg None": lambda one: unsigned(one, "None"),
    "alg missing": lambda one: by_hand({"kid": "one"}, {}),
    "alg a list": lambda one: by_hand({"alg": ["RS256"], "kid": "one"}, {}),
    "no signature": lambda one: unsigned(one, "RS256"),
    "public key as secret": confused,
    "altered": altered,
    "another's key": lambda one: one.token(rsa_key("two")),
    "unknown key": lambda one: one.token(kid="two"),
    "kid a list": lambda one: by_hand({"alg": "RS256", "kid": ["one"]}, {}),
    "kid a path": lambda one: one.token(rsa_key("two"), kid="../../dev/null"),
    "key in the header": lambda one: one.token(
        rsa_key("two"), header={"jwk": public_jwk(rsa_key("two"), "one")}
    ),
    "key by address": lambda one: one.token(
        rsa_key("two"), header={"jku": "http://evil.test/keys", "x5u": "http://evil.test"}
    ),
    "other family": lambda one: one.token(ec_key("one"), alg="ES256"),
    "wrong issuer": lambda one: one.token(iss="https://other.test"),
    "issuer with a slash": lambda one: one.token(iss=f"{one.url}/"),
    "issuers": lambda one: one.token(iss=[one.url]),
    "no issuer": lambda one: one.token(iss=None),
    "wrong audience": lambda one: one.token(aud="other"),
    "no audience": lambda one: one.token(aud=None),
    "empty audience": lambda one: one.token(aud=[]),
    "expired": lambda one: one.token(exp=time() - 1),
    "no end": lambda one: one.token(exp=None),
    "end a text": lambda one: one.token(exp="tomorrow"),
    "endless": lambda one: one.token(exp=float("inf")),
    "endless to the digit": lambda one: one.token(exp=10**400),
    "not yet": lambda one: one.token(nbf=time() + 30),
    "of the future": lambda one: one.token(iat=time() + 30),
    "no subject": lambda one: one.token(sub=None),
    "empty subject": lambda one: one.token(sub=""),
    "long subject": lambda one: one.token(sub="x" * 256),
    "subject of lines": lambda one: one.token(sub="ada\nroot"),
    "critical": lambda one: one.token(header={"crit": ["exp"], "exp": 1}),
    "empty": lambda one: b"",
    "no token": lambda one: b"wsk",
    "dots": lambda one: b"..",
    "bytes": lambda one: b"\xff\xfe.\x00.\x00",
    "deep": lambda one: by_hand({"alg": "RS256"}, {}) + b"[" * 5000,
    "an array": lambda one: b"W10.W10.W10",
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_token_for_us_is_refused_and_nothing_said_of_why(
    issuer: Issuer, name: str
) -> None:
    token = BAD[name](issuer)
    async with of(issuer) as tokens:
        with pytest.raises(Unauthenticated) as raised:
            await tokens.find(token)
        assert tokens.known(token) is None

    assert raised.value.headers == [("www-authenticate", 'Bearer error="invalid_token"')]
    wanted = "expired" if name == "expired" else "not one that counts here"
    assert wanted in raised.value.message
    assert not any(part in raised.value.message for part in ("kid", "issuer", "audience", "alg"))
    assert "evil.test" not in str(issuer.asked)


async def test_a_key_counts_for_what_it_is_declared_for(issuer: Issuer) -> None:
    issuer.keys = [public_jwk(rsa_key("one"), "one", alg="PS256")]
    async with of(issuer) as tokens:
        assert await tokens.find(issuer.token(alg="PS256"))
        with pytest.raises(Unauthenticated):
            await tokens.find(issuer.token(alg="RS256"))


async def test_a_curve_counts_for_its_own_algorithm() -> None:
    key = ec_key("one", ec.SECP384R1)
    with issuing(public_jwk(key, "one")) as issuer:
        token = issuer.token(key, alg="ES384").split(b".")
        token[0] = by_hand({"alg": "ES256", "kid": "one"}, {}).split(b".")[0]
        async with of(issuer, family="EC") as tokens:
            with pytest.raises(Unauthenticated):
                await tokens.find(b".".join(token))


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead


@pytest.mark.parametrize(("valid_s", "remembered_s"), [(600, 60), (20, 20)])
async def test_it_is_remembered_for_a_minute_and_never_past_its_end(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, valid_s: float, remembered_s: float
) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    token = issuer.token(exp=time() + valid_s)
    async with of(issuer) as tokens:
        assert tokens.known(token) is None
        found = await tokens.find(token)

        clock.ahead = remembered_s - 2
        assert tokens.known(token) is found
        clock.ahead = remembered_s + 1
        assert tokens.known(token) is None


async def test_no_more_are_remembered_than_there_is_room_for(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_CACHED", 3)
    given = [issuer.token(sub=f"client-{number}") for number in range(5)]
    async with of(issuer) as tokens:
        for token in given:
            await tokens.find(token)

        assert [tokens.known(token) is not None for token in given] == [False] * 2 + [True] * 3
