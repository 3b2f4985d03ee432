"""Tickets for sockets: whose, for how long, and for which pages."""

import base64
import math
from collections.abc import Callable
from time import time

import pytest

from app.access import tickets as module
from app.access.principal import Limit, Principal, Scope
from app.access.tickets import Tickets
from app.serving.errors import Unauthenticated

PAGE = b"https://shop.test"
LIMIT = Limit(name="burst", unit="rows", quota=10, window_s=2, scope=Scope.PREDICT)
ADA = Principal("ada", frozenset({Scope.PREDICT, Scope.EXPLAIN}), (LIMIT,))


@pytest.fixture
def tickets() -> Tickets:
    return Tickets(bytes(32), valid_s=30)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def move(seconds: float) -> None:
        monkeypatch.setattr(module, "time", lambda: time() + seconds)

    return move


def query_of(tickets: Tickets, principal: Principal = ADA, origin: bytes = PAGE) -> bytes:
    return b"ticket=" + tickets.issue(principal, origin).text.encode()


@pytest.mark.parametrize("ends", [False, True])
def test_a_ticket_is_its_principal(tickets: Tickets, ends: bool) -> None:
    until = time() + 1000 if ends else math.inf
    principal = Principal(ADA.id, ADA.scopes, ADA.limits, until, "key4711")

    assert tickets.issue(principal, PAGE).valid_s == 30
    assert tickets.known(query_of(tickets, principal), PAGE) == principal


def test_any_replica_takes_it(tickets: Tickets) -> None:
    query = b"values=true&" + query_of(tickets) + b"&a=b"

    assert Tickets(bytes(32), valid_s=30).known(query, PAGE) == ADA


def test_it_may_stand_in_an_address_as_it_is(tickets: Tickets) -> None:
    text = tickets.issue(ADA, PAGE).text

    assert text.replace("-", "").replace("_", "").isalnum()
    assert "secret" not in text
    assert len(text) < 500


def test_it_counts_once(tickets: Tickets) -> None:
    query = query_of(tickets)
    tickets.known(query, PAGE)

    with pytest.raises(Unauthenticated, match="was used"):
        tickets.known(query, PAGE)


def test_what_was_used_is_forgotten_once_it_has_expired(
    tickets: Tickets, later: Callable[[float], None]
) -> None:
    for _ in range(5):
        tickets.known(query_of(tickets), PAGE)
    later(31)
    tickets.known(query_of(tickets), PAGE)

    assert len(tickets._used) == 1


def test_it_is_short_lived(tickets: Tickets, later: Callable[[float], None]) -> None:
    query = query_of(tickets)
    later(29)
    assert tickets.known(query, PAGE)

    other = query_of(Tickets(bytes(32), valid_s=30))
    later(60)
    with pytest.raises(Unauthenticated, match="expired"):
        tickets.known(other, PAGE)


def test_it_does_not_outlive_what_was_shown_for_it(
    tickets: Tickets, later: Callable[[float], None]
) -> None:
    query = query_of(tickets, Principal("ada", ADA.scopes, until=time() + 5))
    later(6)

    with pytest.raises(Unauthenticated, match="expired"):
        tickets.known(query, PAGE)


@pytest.mark.parametrize(
    ("asked", "opened"),
    [(PAGE, b"https://evil.test"), (PAGE, b""), (b"", PAGE), (PAGE, b"http://shop.test")],
)
def test_it_is_for_pages_of_one_origin(tickets: Tickets, asked: bytes, opened: bytes) -> None:
    with pytest.raises(Unauthenticated, match="not one that counts"):
        tickets.known(query_of(tickets, origin=asked), opened)


def test_one_that_is_no_page_may_have_one_too(tickets: Tickets) -> None:
    assert tickets.known(query_of(tickets, origin=b""), b"") == ADA


def test_every_altered_letter_is_seen(tickets: Tickets) -> None:
    query = query_of(tickets)
    for place in range(len(b"ticket="), len(query)):
        other = b"A" if query[place : place + 1] != b"A" else b"B"
        forged = query[:place] + other + query[place + 1 :]
        if base64.urlsafe_b64decode(forged[7:] + b"==") == base64.urlsafe_b64decode(
            query[7:] + b"=="
        ):
            continue  # bits at the very end that stand for nothing
        with pytest.raises(Unauthenticated):
            tickets.known(forged, PAGE)


@pytest.mark.parametrize(
    "query",
    [b"", b"ticket=", b"ticket=x", b"ticket=%00", b"ticket=" + b"A" * 600, b"ticket=\xff\xfe"],
)
def test_what_is_none_is_refused(tickets: Tickets, query: bytes) -> None:
    with pytest.raises(Unauthenticated):
        tickets.known(query, PAGE)


def test_one_of_another_service_is_none(tickets: Tickets) -> None:
    with pytest.raises(Unauthenticated):
        tickets.known(query_of(Tickets(b"1" * 32, valid_s=30)), PAGE)


def test_two_are_none(tickets: Tickets) -> None:
    query = query_of(tickets)
    with pytest.raises(Unauthenticated):
        tickets.known(query + b"&" + query, PAGE)
