"""Each step of the guards does what it is measured at."""

import time
from collections.abc import Callable

import pytest

from app.access.principal import Principal
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.guards_micro.command import CASES
from benchmarks.scenarios.guards_micro.keys import key_check


def test_the_key_is_known() -> None:
    principal = key_check().call()

    assert isinstance(principal, Principal)
    assert principal.id == "client"


@pytest.mark.parametrize("made", CASES)
def test_a_step_takes_some_microseconds(made: Callable[[], Case]) -> None:
    assert 0 < made().took_us(1) < 1000


def test_what_is_told_is_the_cpu_time_of_a_call() -> None:
    assert Case("work", 0, lambda: sum(range(10_000))).took_us(3) > 20
    assert Case("a wait", 0, lambda: time.sleep(1e-3)).took_us(1) < 900
