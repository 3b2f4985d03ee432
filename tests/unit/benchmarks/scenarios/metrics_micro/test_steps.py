"""Each step counts what it is measured at."""

from collections.abc import Callable

import pytest

from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.metrics_micro.command import CASES
from benchmarks.scenarios.metrics_micro.steps import batch, lookup
from deployments.metrics.catalogue import features, stages
from tests.support.counted import Counted


def test_a_batch_is_one() -> None:
    counted, step = Counted(), batch()
    step.call()

    assert sum(counted(stages.BATCH_ROWS).values()) == 1
    assert sum(counted(stages.QUEUE).values()) == 64


def test_a_lookup_is_of_all_its_views() -> None:
    counted, step = Counted(), lookup()
    step.call()

    assert sum(counted(features.ROWS).values()) == sum(counted(features.AGE).values()) == 3 * 64


@pytest.mark.parametrize("made", CASES)
def test_a_step_takes_its_time(made: Callable[[], Case]) -> None:
    assert 0 < made().took_us(1) < 50_000
