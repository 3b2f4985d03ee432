"""Counting must not be seen beside a prediction, which takes 70 microseconds."""

from collections.abc import Callable

import pytest

from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.guards_micro.limits import counting, telling

_SLACK = 3  # of a machine whose caches others use


@pytest.mark.parametrize("made", [counting, telling])
def test_limits_take_a_request_about_a_microsecond(made: Callable[[], Case]) -> None:
    case = made()
    assert case.took_us(300) < case.limit_us * _SLACK
