"""Whose a key is."""

import ast
import hmac
from datetime import UTC, datetime, timedelta
from inspect import getsource

import pytest

from app.access import authenticator, keys
from app.access.key import new_key
from app.access.keys import Keys
from app.serving.errors import Unauthenticated
from tests.support.keys import PEPPER, record

KEY = new_key()


def refused(held: Keys, key: str) -> str:
    with pytest.raises(Unauthenticated) as error:
        held.principal(key.encode())
    assert error.value.headers == [("www-authenticate", 'Bearer error="invalid_token"')]
    return error.value.message


def test_a_key_is_its_principals() -> None:
    other = new_key()
    held = Keys(PEPPER, [record(KEY), record(other, principal="other")])

    assert held.principal(KEY.encode()).id == "tester"
    assert held.principal(other.encode()).id == "other"


def test_what_is_kept_is_hmac_sha_256_of_the_whole_key() -> None:
    assert record(KEY).hash == hmac.digest(PEPPER, KEY.encode(), "sha256").hex()


def test_every_other_key_is_answered_the_same() -> None:
    held = Keys(PEPPER, [record(KEY)])
    changed = [
        KEY[:place] + ("0" if had != "0" else "1") + KEY[place + 1 :]
        for place, had in enumerate(KEY)
    ]
    told = {refused(held, other) for other in (*changed, KEY + "0", KEY[:-1], "", new_key())}

    assert told == {"there is no such API key"}


def test_another_pepper_lets_nobody_in() -> None:
    refused(Keys(PEPPER + b"!", [record(KEY)]), KEY)


def test_a_key_counts_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    expires = datetime.now(UTC) + timedelta(hours=1)
    held = Keys(PEPPER, [record(KEY, expires=expires)])
    assert held.principal(KEY.encode())
    assert not held.none_counts

    monkeypatch.setattr(keys, "time", expires.timestamp)

    assert refused(held, KEY) == "the API key has expired"
    assert held.none_counts
    # Who has not the secret does not get to know that much.
    assert refused(held, KEY[:-1] + "!") == "there is no such API key"


def test_one_that_is_not_there_any_more_counts_no_more() -> None:
    held = Keys(PEPPER, [record(KEY)])
    held.put(PEPPER, [])

    refused(held, KEY)
    assert held.none_counts


def test_secrets_are_compared_in_constant_time_alone() -> None:
    """A stopwatch would be noise: what compares in another way must not be there at all."""
    for module in (keys, authenticator):
        tree = ast.parse(getsource(module))
        compared = [
            one
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare)
            for op, one in zip(node.ops, node.comparators, strict=True)
            if isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn)
        ]
        # Names of schemes and kinds of credentials, which everybody knows.
        public = {"_BEARER", "PREFIX", "b'bearer'", "options.query"}
        assert {ast.unparse(one) for one in compared} <= public
    calls = [node for node in ast.walk(ast.parse(getsource(keys))) if isinstance(node, ast.Call)]
    assert [ast.unparse(one.func) for one in calls].count("compare_digest") == 1
