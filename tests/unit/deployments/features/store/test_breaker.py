from deployments.features.store.breaker import Breaker, State


def test_it_opens_after_so_many_failures_in_a_row_and_says_so_once() -> None:
    breaker = Breaker()

    told = [breaker.failed(3) for _ in range(4)]

    assert told == [False, False, True, False]
    assert breaker.state is State.OPEN


def test_a_success_in_between_begins_anew() -> None:
    breaker = Breaker()
    breaker.failed(2)
    breaker.succeeded()

    assert not breaker.failed(2)
    assert breaker.closed


def test_a_try_that_fails_leaves_it_open_without_a_word() -> None:
    breaker = Breaker()
    breaker.failed(1)
    breaker.trying()
    states = [breaker.state]

    assert not breaker.failed(1)
    assert [*states, breaker.state] == [State.HALF_OPEN, State.OPEN]


def test_a_try_that_succeeds_closes_it() -> None:
    breaker = Breaker()
    breaker.failed(1)
    breaker.trying()
    breaker.succeeded()

    assert breaker.closed
    assert breaker.failures == 0
