import pytest

from tests.unit.client.clock import Clock
from windsock.endpoints import Endpoint, Endpoints

EU, US = "http://eu", "http://us"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoints(clock: Clock) -> Endpoints:
    return Endpoints([EU, US], clock)


@pytest.fixture
def eu(endpoints: Endpoints) -> Endpoint:
    return endpoints.preferred


def fall(endpoints: Endpoints, endpoint: Endpoint, clock: Clock) -> None:
    endpoints.bad(endpoint, clock(), unreachable=True)


def checks_to_return(endpoints: Endpoints, endpoint: Endpoint) -> int:
    count = 0
    while endpoint.down:
        endpoints.checked(endpoint, True)
        count += 1
    return count


def test_one_that_cannot_be_reached_is_down_at_once(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    fall(endpoints, eu, clock)

    assert endpoints.down == [eu]
    assert endpoints.preferred.url == US


def test_failures_within_two_seconds_are_forgiven(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    for _ in range(100):
        endpoints.bad(eu, clock())
    clock.pass_(1.9)
    endpoints.bad(eu, clock())
    assert not eu.down

    endpoints.good(eu)
    clock.pass_(1.9)
    endpoints.bad(eu, clock())
    assert not eu.down


def test_one_that_gives_nothing_good_for_two_seconds_is_down(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    endpoints.bad(eu, clock())
    clock.pass_(2)
    endpoints.bad(eu, clock())

    assert eu.down


def test_a_silence_of_two_seconds_is_enough_unless_others_were_answered(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    begun = clock()
    clock.pass_(3)
    endpoints.good(eu)
    endpoints.bad(eu, begun)
    assert not eu.down

    begun = clock()
    clock.pass_(2)
    endpoints.bad(eu, begun)
    assert eu.down


def test_an_idle_time_is_no_failure(endpoints: Endpoints, eu: Endpoint, clock: Clock) -> None:
    endpoints.good(eu)
    clock.pass_(3600)
    endpoints.bad(eu, clock())

    assert not eu.down


def test_it_returns_after_two_healthy_checks_in_a_row(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    fall(endpoints, eu, clock)
    for healthy in (True, False, True):
        endpoints.checked(eu, healthy)
        assert endpoints.preferred.url == US
    endpoints.checked(eu, True)

    assert endpoints.preferred is eu


def test_one_that_falls_again_soon_must_be_healthy_for_longer(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    needed = []
    for _ in range(7):
        fall(endpoints, eu, clock)
        needed.append(checks_to_return(endpoints, eu))
        clock.pass_(5)
    assert needed == [2, 4, 8, 16, 32, 64, 64]

    clock.pass_(60)
    fall(endpoints, eu, clock)
    assert checks_to_return(endpoints, eu) == 2


def test_failures_of_one_that_is_down_change_nothing(
    endpoints: Endpoints, eu: Endpoint, clock: Clock
) -> None:
    for _ in range(10):
        fall(endpoints, eu, clock)

    assert checks_to_return(endpoints, eu) == 2


def test_a_single_one_is_never_down(clock: Clock) -> None:
    endpoints = Endpoints(EU, clock)
    fall(endpoints, endpoints.preferred, clock)

    assert not endpoints.down


@pytest.mark.parametrize(
    "urls",
    [
        "",
        [],
        "127.0.0.1:8000",
        "ftp://eu",
        "http://",
        "http://eu/?a=1",
        "http://eu/#a",
        [EU, f"{EU}/"],
    ],
)
def test_what_is_no_address_is_refused(urls: str | list[str], clock: Clock) -> None:
    with pytest.raises(ValueError, match=r"endpoint|address"):
        Endpoints(urls, clock)


def test_a_prefix_is_kept(clock: Clock) -> None:
    assert Endpoints("https://eu/risk/", clock).preferred.url == "https://eu/risk"
