from itertools import count

import pytest

from tests.unit.client.clock import Clock
from windsock.connections import KEEP_S, Connections


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connections(clock: Clock) -> Connections[int]:
    return Connections(count().__next__, clock)


def test_the_one_that_was_used_last_is_used_next(connections: Connections[int]) -> None:
    first, second = connections.take(), connections.take()
    connections.give(first)
    connections.give(second)

    assert [connections.take() for _ in range(3)] == [second, first, 2]


def test_what_has_been_idle_for_long_is_to_be_closed(
    connections: Connections[int], clock: Clock
) -> None:
    first, second, third = (connections.take() for _ in range(3))
    assert connections.give(first) == []
    clock.pass_(KEEP_S / 2)
    assert connections.give(second) == []
    clock.pass_(KEEP_S / 2 + 1)

    assert connections.give(third) == [first]
    assert [connections.take(), connections.take()] == [third, second]


def test_none_is_kept_after_the_end(connections: Connections[int]) -> None:
    first, second = connections.take(), connections.take()
    connections.give(first)

    assert connections.close() == [first]
    assert connections.give(second) == [second]
