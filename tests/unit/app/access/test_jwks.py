"""The keys of an issuer: when it is asked, what is taken from it, and what happens without it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from pydantic import ValidationError

from app.access import jwks as module
from app.access.jwks import Jwks, NoKeys, fetch
from app.access.settings import TokenSettings
from app.access.tokens import Tokens
from app.serving.errors import Unauthenticated, Unavailable
from tests.support.issuer import AUDIENCE, Issuer, ec_key, issuing, public_jwk, rsa_key
from tests.support.wait import wait_for

KEYS = "/keys"
AWAY = 503, b""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock by which the issuer is spared."""
    ahead = 0.0
    monkeypatch.setattr(module, "monotonic", lambda: monotonic() + ahead)

    def later(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    return later


@asynccontextmanager
async def tokens_of(issuer: Issuer, **settings: Any) -> AsyncIterator[Tokens]:
    tokens = Tokens(issuer.settings(cool_down_s=100, **settings))
    await tokens.start()
    try:
        yield tokens
    finally:
        await tokens.close()


async def test_keys_that_nobody_has_cost_the_issuer_one_request(issuer: Issuer) -> None:
    made_up = [issuer.token(kid=f"made-up-{number}") for number in range(100)]
    async with tokens_of(issuer) as tokens:
        found = await asyncio.gather(*map(tokens.find, made_up), return_exceptions=True)
        assert await tokens.find(issuer.token())

    assert {type(one) for one in found} == {Unauthenticated}
    assert issuer.asked.count(KEYS) == 1


async def test_a_new_key_is_found_once_the_issuer_may_be_asked_again(
    issuer: Issuer, clock: Callable[[float], None]
) -> None:
    async with tokens_of(issuer) as tokens:
        assert await tokens.find(issuer.token())
        issuer.keys.append(public_jwk(rsa_key("two"), "two"))
        rotated = issuer.token(rsa_key("two"), kid="two")
        with pytest.raises(Unauthenticated):
            await tokens.find(rotated)

        clock(101)
        assert await tokens.find(rotated)


async def test_a_key_that_is_withdrawn_counts_no_longer(
    issuer: Issuer, clock: Callable[[float], None]
) -> None:
    async with tokens_of(issuer) as tokens:
        assert await tokens.find(issuer.token())
        issuer.keys = [public_jwk(rsa_key("two"), "two")]
        clock(101)
        assert await tokens.find(issuer.token(rsa_key("two"), kid="two"))

        with pytest.raises(Unauthenticated):
            await tokens.find(issuer.token())


async def test_what_is_known_counts_while_the_issuer_is_away(
    issuer: Issuer, clock: Callable[[float], None], log: pytest.LogCaptureFixture
) -> None:
    async with tokens_of(issuer) as tokens:
        assert await tokens.find(issuer.token())
        issuer.answer = AWAY
        clock(101)
        with pytest.raises(Unavailable):  # its key may be a new one
            await tokens.find(issuer.token(kid="two"))
        assert await tokens.find(issuer.token(sub="another"))
        (problem,) = tokens.problems()
        assert "those that are known still count" in problem
        assert issuer.url not in problem

        issuer.answer = None
        clock(101)
        with pytest.raises(Unauthenticated):
            await tokens.find(issuer.token(kid="two"))
        assert tokens.problems() == []

    told = [record.message for record in log.records if "issuer" in record.message]
    assert len(told) == 2
    assert "answered with status 503" in told[0]


async def test_without_any_keys_tokens_cannot_be_told(issuer: Issuer) -> None:
    issuer.answer = AWAY
    async with tokens_of(issuer) as tokens:
        with pytest.raises(Unavailable) as raised:
            await tokens.find(issuer.token())
        assert raised.value.code.status == 503
        assert "no token counts" in tokens.problems()[0]


async def test_they_are_looked_at_again_by_themselves(issuer: Issuer) -> None:
    jwks = Jwks(issuer.settings(refresh_s=1, cool_down_s=1))
    jwks.start()
    assert await jwks.find("one")
    issuer.keys = [public_jwk(rsa_key("two"), "two")]
    async with asyncio.timeout(10):
        while issuer.asked.count(KEYS) < 2:
            await asyncio.sleep(0.01)
        while await jwks.find("one"):
            await asyncio.sleep(0.01)
    await jwks.close()


async def test_one_who_leaves_does_not_take_the_keys_from_others(issuer: Issuer) -> None:
    async with tokens_of(issuer) as tokens:
        gone = asyncio.create_task(tokens.find(issuer.token()))
        staying = asyncio.create_task(tokens.find(issuer.token(sub="another")))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await staying).id == "oidc:another"


async def test_an_issuer_that_hangs_holds_up_nothing_else(issuer: Issuer) -> None:
    issuer.let.clear()
    async with tokens_of(issuer) as tokens:
        waiting = asyncio.create_task(tokens.find(issuer.token()))
        await wait_for(lambda: bool(issuer.asked))  # in this loop, which goes on
        assert not waiting.done()
        issuer.let.set()
        assert (await waiting).id == "oidc:ada"


async def test_one_that_does_not_answer_in_time_is_away(issuer: Issuer) -> None:
    issuer.let.clear()
    async with tokens_of(issuer, timeout_s=0.2) as tokens:
        with pytest.raises(Unavailable):
            await tokens.find(issuer.token())
        issuer.let.set()


async def test_whatever_goes_wrong_it_is_followed_on(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, clock: Callable[[float], None]
) -> None:
    def fails(_: TokenSettings) -> None:
        raise MemoryError

    async with tokens_of(issuer) as tokens:
        with monkeypatch.context() as patched:
            patched.setattr(module, "fetch", fails)
            with pytest.raises(Unavailable):
                await tokens.find(issuer.token())
        clock(101)
        assert await tokens.find(issuer.token())


def test_the_address_of_the_keys_may_be_given(issuer: Issuer) -> None:
    assert fetch(issuer.settings(jwks=f"{issuer.url}/else")).keys() == {None, "one"}
    assert issuer.asked == ["/else"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (AWAY, "status 503"),
        ((302, b""), "status 302"),
        ((200, b"<html>"), "no JSON"),
        ((200, b"\xff"), "no JSON"),
        ((200, b"[" * 100_000), "no JSON"),
        ((200, b"[]"), "no JSON object"),
        ((200, b"{}"), "no list of keys"),
        ((200, b'{"keys": {}}'), "no list of keys"),
        ((200, b'{"keys": []}'), "no RSA key"),
        ((200, b" " * 2**19), "more than 262144 bytes"),
    ],
)
def test_an_answer_of_no_use_is_told(issuer: Issuer, answer: tuple[int, bytes], why: str) -> None:
    issuer.answer = answer
    with pytest.raises(NoKeys, match=why):
        fetch(issuer.settings(jwks=f"{issuer.url}/keys"))
    assert issuer.asked == ["/keys"]


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"issuer": "https://other.test"}, "another issuer"),
        ({"jwks_uri": "http://other.test/keys"}, "must be https"),
        ({"jwks_uri": "file:///etc/passwd"}, "give it as https"),
        ({"jwks_uri": None}, "of no use"),
    ],
)
def test_nobody_is_led_elsewhere(issuer: Issuer, about: dict[str, Any], why: str) -> None:
    issuer.about = about
    with pytest.raises(NoKeys, match=why):
        fetch(issuer.settings())
    assert issuer.asked == ["/.well-known/openid-configuration"]


def test_nobody_there_is_told() -> None:
    settings = TokenSettings(issuer="http://127.0.0.1:9", audience=AUDIENCE, timeout_s=1)
    with pytest.raises(NoKeys, match="cannot be asked"):
        fetch(settings)


@pytest.mark.parametrize(
    "unfit",
    [
        public_jwk(rsa_key("one"), "unfit", use="enc"),
        public_jwk(rsa_key("one"), "unfit", alg="RSA-OAEP"),
        public_jwk(rsa_key("one"), "unfit", alg="HS256"),
        public_jwk(rsa_key("one"), "unfit", alg=["RS256"]),
        public_jwk(rsa_key("small", 1024), "unfit"),
        public_jwk(ec_key("one"), "unfit"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "unfit"},
        {"kty": "RSA", "kid": "unfit"},
        {"kty": "RSA", "kid": "unfit", "n": 1, "e": "AQAB"},
        {**public_jwk(rsa_key("one"), None), "kid": ["unfit"]},
        "unfit",
        None,
    ],
)
def test_keys_that_are_not_fit_are_passed_over(issuer: Issuer, unfit: Any) -> None:
    issuer.answer = 200, json.dumps({"keys": [unfit, *issuer.keys]}).encode()
    assert fetch(issuer.settings(jwks=f"{issuer.url}/keys")).keys() == {None, "one"}


def test_which_key_is_told_by_its_id_where_there_are_several(issuer: Issuer) -> None:
    issuer.keys.append(public_jwk(rsa_key("two"), "two"))
    assert fetch(issuer.settings()).keys() == {"one", "two"}


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "http://login.example.com"},
        {"issuer": "https://user:password@login.example.com"},
        {"issuer": "login.example.com"},
        {"issuer": "ftp://127.0.0.1"},
        {"issuer": "http://127.0.0.1.example.com"},
        {"jwks": "http://keys.example.com"},
        {"audience": ""},
        {"family": "HMAC"},
        {"family": ["RSA", "EC"]},
        {"leeway_s": 1000},
        {"mistyped": 1},
    ],
)
def test_settings_that_could_not_be_safe_are_refused(settings: dict[str, Any]) -> None:
    sound = {"issuer": "https://login.example.com", "audience": AUDIENCE}
    assert TokenSettings.model_validate(sound)
    with pytest.raises(ValidationError):
        TokenSettings.model_validate(sound | settings)
