import pytest

from benchmarks.bars import Bar
from benchmarks.scenarios.compare.bars import FAST_COLLAPSED, PROXY_DISTRIBUTED, bars
from benchmarks.scenarios.compare.names import MONOLITH, MOSEC
from benchmarks.scenarios.compare.results import Results
from tests.unit.benchmarks import loads


@pytest.fixture
def measured() -> Results:
    found = loads.results(
        {
            FAST_COLLAPSED: "windsock",
            PROXY_DISTRIBUTED: "windsock",
            MONOLITH: "peer",
            MOSEC: "peer",
        },
        loads.sample(FAST_COLLAPSED, rate=2000, p50=2, p99=8),
        loads.sample(MOSEC, rate=1000, p50=5, p99=10),
        loads.sample(MONOLITH, rate=100, p50=50, p99=500),
        loads.sample(FAST_COLLAPSED, "c=1", p50=0.5),
        loads.sample(MONOLITH, "c=1", p50=1.0),
        loads.sample(FAST_COLLAPSED, "500/s", p99=3),
        loads.sample(MOSEC, "500/s", p99=4),
        loads.sample(MONOLITH, "500/s", p99=2),
    )
    found.starts.append(loads.start(PROXY_DISTRIBUTED, rss_mb=2600, ready_s=20))
    return found


def judged(results: Results) -> dict[str, Bar]:
    return {bar.what: bar for bar in bars(results) if bar.value is not None}


def test_each_bar_is_a_ratio_within_the_run(measured: Results) -> None:
    found = judged(measured)

    rate = found[f"{FAST_COLLAPSED}, c=128, against the best peer (mosec): rate"]
    assert (rate.value, rate.reached) == (2.0, True)
    p99 = found[f"{FAST_COLLAPSED}, c=128, against the best peer (mosec): p99"]
    assert (p99.value, p99.reached) == (0.8, True)
    p50 = found[f"{FAST_COLLAPSED}, c=1, against the monolith: p50"]
    assert (p50.value, p50.reached) == (0.5, False)
    tail = found[f"{FAST_COLLAPSED}, c=128: p99 / p50"]
    assert (tail.value, tail.reached) == (4.0, False)


def test_an_open_loop_is_held_to_every_peer(measured: Results) -> None:
    bar = judged(measured)[f"{FAST_COLLAPSED}, open loop at 500/s, against the best peer: p99"]

    assert (bar.value, bar.reached) == (1.5, False)


def test_memory_and_start_are_held_to_fixed_limits(measured: Results) -> None:
    found = judged(measured)

    assert not found["windsock distributed: resident memory of all processes, MB"].reached
    assert found["windsock distributed: seconds from `windsock up` to the first answer"].reached


def test_what_was_not_measured_is_not_judged() -> None:
    assert not judged(loads.results({}))
    assert all(bar.reached is None for bar in bars(loads.results({})))
