"""Each case is the request that it is measured as."""

import threading
from collections.abc import Callable

import pytest

from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.traces_micro.command import CASES
from benchmarks.scenarios.traces_micro.requests import keeping, sampled, untraced
from deployments.metrics.catalogue.traces import SPANS
from deployments.metrics.series import COUNTS
from tests.support.wait import wait_until


@pytest.mark.parametrize("made", [*CASES, untraced, keeping])
def test_a_request_takes_some_microseconds_and_only_a_sampled_one_has_spans(
    made: Callable[[], Case],
) -> None:
    case, before = made(), _spans()

    try:
        assert 0 < case.took_us(1) < 3000
        assert (_spans() > before) == (made is sampled)
    finally:
        case.close()
    wait_until(_none_sends, "end of all that send spans", 10)


def _none_sends() -> bool:
    return not any(one.name.startswith("Otel") for one in threading.enumerate())


def _spans() -> float:
    return COUNTS.counter(SPANS)["dropped"].value
