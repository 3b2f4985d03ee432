"""Whose a request is, by what it brings along."""

from collections.abc import AsyncIterator
from pathlib import Path

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
from app.serving.errors import Unauthenticated
from tests.support.keys import PEPPER, record

KEY = new_key()


@pytest.fixture
async def authenticator(tmp_path: Path) -> AsyncIterator[CredentialAuthenticator]:
    """Of a file that has one key."""
    (tmp_path / "pepper").write_bytes(PEPPER)
    given = {"keys": "keys.json", "pepper": {"file": "pepper"}}
    settings = AuthSettings.model_validate(given, context=tmp_path)
    with changing(settings.keys) as draft:
        draft.keys[id_of(KEY)] = record(KEY)
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
    "value",
    [None, "", "Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Token {KEY}", f"Bearer\t{KEY}"],
)
async def test_without_a_key_it_is_said_how_to_bring_one(
    authenticator: CredentialAuthenticator, value: str | None
) -> None:
    with pytest.raises(Unauthenticated, match="authorization: Bearer wsk_") as refused:
        known(authenticator, value)
    assert refused.value.headers == [("www-authenticate", "Bearer")]


@pytest.mark.parametrize(
    "value", [KEY + " ", " " + KEY + "x", KEY.upper(), "wsk_", "wsk__", KEY * 2]
)
async def test_a_key_that_is_not_right_to_the_letter_is_none(
    authenticator: CredentialAuthenticator, value: str
) -> None:
    with pytest.raises(Unauthenticated):
        known(authenticator, f"Bearer {value}")


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
