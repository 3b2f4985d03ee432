"""What a call tries next, decided without I/O."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.client.clock import Clock
from windsock.endpoints import Endpoints
from windsock.errors import (
    ConnectionFailed,
    DeadlineExceeded,
    FeaturesRefused,
    InternalError,
    InvalidRequest,
    Overloaded,
    Unavailable,
    Unreachable,
    WindsockError,
)
from windsock.retries import Budget, Call, Try

EU, US = "http://eu", "http://us"


def overloaded(retry_after_s: float = 0.0) -> Overloaded:
    error = Overloaded("busy")
    error.retry_after_s = retry_after_s
    return error


class Calls:
    """Calls of one client, with a clock, a budget and a draw that a test sets."""

    def __init__(self, *urls: str, share: float = 0.1, reserve: float = 10.0) -> None:
        self.clock = Clock()
        self.endpoints = Endpoints(urls or (EU, US), self.clock)
        self.budget = Budget(share, reserve)
        self.draw = 1.0

    def begin(self, timeout_s: float = 10.0) -> Call:
        return Call(self.endpoints, self.budget, timeout_s, self.clock, lambda: self.draw)

    def fail(self, call: Call, error: WindsockError, after_s: float = 0.0) -> Try:
        """The next try fails, so much later."""
        attempt = call.next()
        self.clock.pass_(attempt.wait_s + after_s)
        call.failed(attempt, error)
        return attempt


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_the_first_endpoint_is_asked_first_and_at_once(calls: Calls) -> None:
    attempt = calls.begin().next()

    assert (attempt.endpoint.url, attempt.wait_s) == (EU, 0)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailed("broke"),
        Unreachable("refused"),
        DeadlineExceeded("slow"),
        overloaded(5),
        Unavailable("starting"),
        InternalError("bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_endpoint_is_asked_at_once_and_for_nothing(error: WindsockError) -> None:
    calls = Calls(share=0, reserve=0)
    call = calls.begin()
    calls.fail(call, error)

    attempt = call.next()

    assert (attempt.endpoint.url, attempt.wait_s) == (US, 0)


@pytest.mark.parametrize("error", [InvalidRequest("wrong"), FeaturesRefused("stale")])
def test_what_is_an_answer_is_asked_nobody_else(calls: Calls, error: WindsockError) -> None:
    call = calls.begin()
    calls.fail(call, error)

    with pytest.raises(type(error)):
        call.next()
    assert not calls.endpoints.down


@pytest.mark.parametrize("error", [InternalError("bug"), DeadlineExceeded("slow")])
def test_what_would_fail_again_is_asked_once_of_each(calls: Calls, error: WindsockError) -> None:
    call = calls.begin()
    calls.fail(call, error)
    calls.fail(call, error)

    with pytest.raises(type(error)) as raised:
        call.next()
    assert raised.value.tries == 2


def test_what_has_been_asked_of_all_is_asked_again_after_a_growing_wait(calls: Calls) -> None:
    call = calls.begin()
    tries = [calls.fail(call, ConnectionFailed("broke")) for _ in range(6)]

    assert [one.endpoint.url for one in tries] == [EU, US, EU, US, EU, US]
    assert [one.wait_s for one in tries] == pytest.approx([0, 0, 0.1, 0.1, 0.2, 0.2])


def test_the_wait_is_drawn_from_nothing_to_a_bound() -> None:
    calls = Calls(EU)
    call = calls.begin(timeout_s=60)
    calls.draw = 0.0
    assert [calls.fail(call, Unavailable("")).wait_s for _ in range(8)] == [0] * 8
    calls.draw = 1.0
    assert call.next().wait_s == 3.2


def test_the_server_is_asked_again_no_earlier_than_it_said() -> None:
    calls = Calls(EU)
    call = calls.begin()
    calls.fail(call, overloaded(3))
    calls.draw = 0.0

    assert call.next().wait_s == 3


def test_a_wait_that_does_not_fit_the_deadline_is_not_begun() -> None:
    calls = Calls(EU)
    call = calls.begin(timeout_s=3)
    calls.fail(call, overloaded(3), after_s=0.1)

    with pytest.raises(Overloaded):
        call.next()
    assert calls.budget.spend()


def test_a_wait_that_does_not_fit_leads_to_an_endpoint_that_is_down_rather_than_nowhere() -> None:
    calls = Calls()
    calls.endpoints.bad(calls.endpoints.all[1], calls.clock(), unreachable=True)
    call = calls.begin(timeout_s=3)
    calls.fail(call, overloaded(5))

    assert call.next().endpoint.url == US


def test_an_endpoint_that_is_down_is_passed_over(calls: Calls) -> None:
    calls.fail(calls.begin(), Unreachable("refused"))

    assert calls.begin().next().endpoint.url == US


def test_where_all_are_down_each_is_asked_once(calls: Calls) -> None:
    for endpoint in calls.endpoints.all:
        calls.endpoints.bad(endpoint, calls.clock(), unreachable=True)
    call = calls.begin()

    tries = [calls.fail(call, Unreachable("refused")).endpoint.url for _ in range(2)]

    assert tries == [EU, US]


def test_one_that_hangs_leaves_half_of_the_time_for_another(calls: Calls) -> None:
    call = calls.begin(timeout_s=10)

    first = calls.fail(call, DeadlineExceeded("no answer"), after_s=5)
    second = call.next()

    assert (first.limit_s, second.limit_s) == (5, 5)
    assert calls.begin(timeout_s=10).next().endpoint.url == US  # five seconds of silence
    assert Calls(EU).begin(timeout_s=10).next().limit_s == 10


def test_the_server_is_told_of_less_time_than_there_is(calls: Calls) -> None:
    assert Calls(EU).begin(timeout_s=10).next().told_ms == 9750
    assert Calls(EU).begin(timeout_s=0.1).next().told_ms == 90
    assert Calls(EU).begin(timeout_s=0.0001).next().told_ms == 1


def test_the_time_that_retries_took_is_gone() -> None:
    calls = Calls(EU)
    call = calls.begin(timeout_s=10)
    calls.fail(call, Unavailable(""), after_s=4)

    attempt = call.next()

    assert attempt.limit_s == pytest.approx(10 - 4 - attempt.wait_s)


def test_a_connection_that_the_deadline_cut_short_does_not_hide_what_the_server_said() -> None:
    calls = Calls(EU)
    call = calls.begin(timeout_s=3)
    calls.fail(call, overloaded())
    calls.fail(call, Unreachable("timed out"), after_s=3)

    with pytest.raises(Overloaded) as raised:
        call.next()
    assert raised.value.tries == 2


@pytest.mark.parametrize(("left_s", "told"), [(0.4, Unavailable), (4.0, DeadlineExceeded)])
def test_a_try_that_had_little_time_does_not_hide_what_the_server_said(
    left_s: float, told: type[WindsockError]
) -> None:
    calls = Calls(EU)
    call = calls.begin(timeout_s=10)
    calls.fail(call, Unavailable("starting"), after_s=9.9 - left_s)
    calls.fail(call, DeadlineExceeded("no answer within what was left"), after_s=left_s)

    with pytest.raises(told) as raised:
        call.next()
    assert raised.value.tries == 2


def test_retries_end_with_the_budget_that_calls_share() -> None:
    calls = Calls(EU, share=0.125, reserve=2)

    def tries() -> int:
        call, count = calls.begin(), 0
        try:
            while True:
                calls.fail(call, ConnectionFailed("broke"))
                count += 1
        except ConnectionFailed:
            return count

    assert tries() == 3
    assert [tries() for _ in range(16)].count(2) == 2  # each call earns an eighth


def test_a_budget_saves_no_more_than_its_reserve() -> None:
    budget = Budget(share=1, reserve=2)
    for _ in range(10):
        budget.earn()

    assert [budget.spend() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_deadline_lies_ahead(calls: Calls, timeout_s: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        calls.begin(timeout_s)


_OUTCOMES: dict[str, Any] = {
    "overloaded": lambda: overloaded(1.0),
    "unavailable": lambda: Unavailable("starting"),
    "broke": lambda: ConnectionFailed("broke"),
    "refused": lambda: Unreachable("refused"),
    "slow": lambda: DeadlineExceeded("slow"),
    "internal": lambda: InternalError("bug"),
}


@given(
    urls=st.sampled_from([(EU,), (EU, US), (EU, US, "http://ap")]),
    outcomes=st.lists(st.sampled_from(sorted(_OUTCOMES)), max_size=40),
    took=st.floats(0, 3),
    reserve=st.integers(0, 5),
    draw=st.floats(0, 0.99),
)
def test_whatever_happens_no_bound_is_broken(
    urls: tuple[str, ...], outcomes: list[str], took: float, reserve: int, draw: float
) -> None:
    calls = Calls(*urls, share=0, reserve=reserve)
    calls.draw = draw
    begun = calls.clock()
    call = calls.begin(timeout_s=10)
    ready: dict[str, float] = {}
    tries = 0
    for outcome in outcomes:
        try:
            attempt = call.next()
        except WindsockError:
            break
        tries += 1
        calls.clock.pass_(attempt.wait_s)
        assert calls.clock() >= ready.get(attempt.endpoint.url, 0.0)
        assert 0 < attempt.limit_s <= begun + 10 - calls.clock() + 1e-9
        error = _OUTCOMES[outcome]()
        calls.clock.pass_(min(took, attempt.limit_s))
        call.failed(attempt, error)
        if outcome == "overloaded":
            ready[attempt.endpoint.url] = calls.clock() + 1.0
    assert tries <= len(urls) + reserve
