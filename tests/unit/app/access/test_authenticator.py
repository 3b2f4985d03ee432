"""Whose a request is, by what it brings along."""

from collections.abc import AsyncIterator
from pathlib import Path
from time import time

import pytest

from app.access.authenticator import CredentialAuthenticator
from app.access.followed_keys import FollowedKeys
from app.access.key import id_of, new_key
from app.access.key_file import changing
from app.access.principal import Principal
from app.access.settings import AuthSettings
from app.config import EdgeArgs
from app.edge.options import RequestOptions
from app.guards import guards_of
from app.serving.errors import Unauthenticated, Unavailable
from tests.support.keys import PEPPER, record
from tests.support.wait import wait_for

KEY = new_key()


@pytest.fixture
def settings(tmp_path: Path) -> AuthSettings:
    """Of a file that has one key."""
    (tmp_path / "pepper").write_bytes(PEPPER)
    given = {"keys": "keys.json", "pepper": {"file": "pepper"}}
    settings = AuthSettings.model_validate(given, context=tmp_path)
    with changing(settings.keys) as draft:
        draft.keys[id_of(KEY)] = record(KEY)
    return settings


@pytest.fixture
async def authenticator(settings: AuthSettings) -> AsyncIterator[CredentialAuthenticator]:
    made = guards_of(EdgeArgs(auth=settings)).authenticator
    assert isinstance(made, CredentialAuthenticator)
    await made.start()
    yield made
    await made.close()


def known(authenticator: CredentialAuthenticator, value: str | None) -> Principal | None:
    headers = [] if value is None else [(b"authorization", value.encode())]
    return authenticator.known(RequestOptions(headers), socket=False)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
async def test_the_scheme_is_of_any_case(
    authenticator: CredentialAuthenticator, scheme: str
) -> None:
    principal = known(authenticator, scheme + KEY)

    assert principal is not None
    assert principal.id == "tester"


@pytest.mark.parametrize(
    "form", [None, "", "Bearer", "Bearer ", "KEY", "Basic KEY", "Token KEY", "Bearer\tKEY"]
)
async def test_without_a_key_it_is_said_how_to_bring_one(
    authenticator: CredentialAuthenticator, form: str | None
) -> None:
    with pytest.raises(Unauthenticated, match="authorization: Bearer wsk_") as refused:
        known(authenticator, form and form.replace("KEY", KEY))
    assert refused.value.headers == [("www-authenticate", "Bearer")]


@pytest.mark.parametrize("form", ["KEY ", "KEYx", " KEYx", "KEYKEY", "wsk_", "wsk__"])
async def test_a_key_that_is_not_right_to_the_letter_is_none(
    authenticator: CredentialAuthenticator, form: str
) -> None:
    for key in (KEY, KEY.swapcase()):
        with pytest.raises(Unauthenticated):
            known(authenticator, f"Bearer {form.replace('KEY', key)}")


async def test_a_socket_without_tickets_wants_a_key_as_well(
    authenticator: CredentialAuthenticator,
) -> None:
    with pytest.raises(Unauthenticated):
        authenticator.known(RequestOptions([], b"ticket=x"), socket=True)


async def test_that_there_is_no_key_is_a_problem(
    authenticator: CredentialAuthenticator, tmp_path: Path
) -> None:
    settings = AuthSettings.model_validate({"keys": "none.json"}, context=tmp_path)
    other = CredentialAuthenticator(FollowedKeys(settings))
    await other.start()

    (told,) = other.problems()
    assert "windsock keys create" in told
    assert authenticator.problems() == []
    await other.close()


def test_off_makes_none() -> None:
    assert guards_of(EdgeArgs(auth=False)).authenticator is None


def opened(authenticator: CredentialAuthenticator, ticket: str, origin: bytes) -> Principal | None:
    """The principal of a socket that a page of this origin opens."""
    options = RequestOptions([(b"origin", origin)], f"ticket={ticket}".encode())
    return authenticator.known(options, socket=True)


def ticket_of(authenticator: CredentialAuthenticator) -> str:
    headers = [(b"authorization", f"Bearer {KEY}".encode()), (b"origin", PAGE)]
    options = RequestOptions(headers)
    options.principal = authenticator.known(options, socket=False)
    return authenticator.ticket(options).text


PAGE = b"https://shop.example.com"


async def test_a_ticket_stands_for_the_key_that_got_it(
    authenticator: CredentialAuthenticator,
) -> None:
    principal = opened(authenticator, ticket_of(authenticator), PAGE)

    assert principal == known(authenticator, f"Bearer {KEY}")
    with pytest.raises(Unauthenticated):
        opened(authenticator, ticket_of(authenticator), b"https://other.example.com")
    ticket = ticket_of(authenticator)
    with pytest.raises(Unauthenticated):  # on a request it is none
        authenticator.known(RequestOptions([], f"ticket={ticket}".encode()), socket=False)


async def test_a_ticket_and_a_stream_end_with_their_key(
    authenticator: CredentialAuthenticator, settings: AuthSettings
) -> None:
    principal, ticket = known(authenticator, f"Bearer {KEY}"), ticket_of(authenticator)
    assert principal is not None
    assert authenticator.holds(principal)
    with changing(settings.keys) as draft:
        del draft.keys[id_of(KEY)]
        other = record(new_key())  # another key of the same principal is another key
        draft.keys[other.id] = other

    await wait_for(lambda: not authenticator.holds(principal))

    with pytest.raises(Unauthenticated):
        opened(authenticator, ticket, PAGE)


async def test_another_replica_takes_the_ticket(
    authenticator: CredentialAuthenticator, settings: AuthSettings
) -> None:
    other = CredentialAuthenticator(FollowedKeys(settings))
    await other.start()

    assert opened(other, ticket_of(authenticator), PAGE)
    await other.close()


async def test_tickets_want_a_pepper(
    authenticator: CredentialAuthenticator, tmp_path: Path
) -> None:
    given = {"keys": "none.json", "pepper": {"file": "none"}}
    other = CredentialAuthenticator(
        FollowedKeys(AuthSettings.model_validate(given, context=tmp_path))
    )
    await other.start()

    with pytest.raises(Unauthenticated):
        opened(other, ticket_of(authenticator), PAGE)
    options = RequestOptions([])
    options.principal = known(authenticator, f"Bearer {KEY}")
    with pytest.raises(Unavailable):
        other.ticket(options)
    await other.close()


async def test_what_is_no_key_is_the_issuers(settings: AuthSettings) -> None:
    class OfIssuer:
        """Takes a while to know a token."""

        async def start(self) -> None: ...
        async def close(self) -> None: ...
        def problems(self) -> list[str]:
            return ["the issuer is away"]

        def known(self, token: bytes) -> Principal | None:
            return None

        async def find(self, token: bytes) -> Principal:
            return Principal(f"oidc:{token.decode()}", frozenset())

    both = CredentialAuthenticator(FollowedKeys(settings), OfIssuer())
    await both.start()
    options = RequestOptions([(b"authorization", b"bearer  abc")])

    assert both.known(options, socket=False) is None
    assert (await both.find(options)).id == "oidc:abc"
    assert both.known(RequestOptions([(b"authorization", f"Bearer {KEY}".encode())]), socket=False)
    assert both.problems() == ["the issuer is away"]
    assert both.holds(Principal("oidc:abc", frozenset(), until=time() + 9))
    assert not both.holds(Principal("oidc:abc", frozenset(), until=time() - 1))
    await both.close()
