import numpy as np
import pytest

from app.observability.cost.cache_model import cache_answer
from app.observability.cost.prometheus import Series
from app.observability.cost.recording import Recording
from tests.support.costed import Day


@pytest.mark.parametrize("ttl_s", [1.0, 2.5, 10.0, 15.0])
def test_keys_asked_for_alike_hit_as_a_renewal_process_does(ttl_s: float) -> None:
    day = Day()

    found = cache_answer(day.recording(), day.replicas, ttl_s)

    missed = day.missed(day.hits(ttl_s, day.replicas)).sum()
    assert found.why is None
    assert found.hits is not None
    assert found.hits == pytest.approx(1 - missed / day.rows.sum(), abs=0.005)
    assert found.misses is not None
    assert found.misses.sum() == pytest.approx(missed, rel=0.01)


@pytest.mark.parametrize("ttl_s", [2.5, 10.0])
def test_a_simulated_cache_of_keys_of_unlike_rates_is_told(ttl_s: float) -> None:
    # Zipf: what a few keys are asked for, most are not. Each entry lives for ttl after its read.
    rates = 1 / np.arange(1, 401)
    rates /= rates.sum()
    noise = np.random.default_rng(3)

    def simulated(ttl: float) -> tuple[np.ndarray, np.ndarray]:
        hits, misses = np.zeros(120), np.zeros(120)
        for step in range(120):
            load = 20 + 180 * (1 - np.cos(2 * np.pi * step / 120)) / 2
            arrivals = noise.poisson(load * 20)
            keys = noise.choice(400, arrivals, p=rates)
            until = np.zeros(400)
            for at, key in zip(np.sort(noise.uniform(0, 20, arrivals)), keys, strict=True):
                if at < until[key]:
                    hits[step] += 1
                else:
                    misses[step] += 1
                    until[key] = at + ttl
        return hits / 20, misses / 20

    day = Day(steps=120)
    hit, miss = simulated(5.0)
    series = {
        "cache_rows": [
            Series({"view": "v", "outcome": o}, values)
            for o, values in (("hit", hit), ("miss", miss))
        ]
    }
    truth = simulated(ttl_s)

    found = cache_answer(Recording(day.service, day.span, series), np.ones(120), ttl_s)

    assert found.why is None, found.why
    assert found.hits == pytest.approx(truth[0].sum() / (truth[0] + truth[1]).sum(), abs=0.04)


def test_a_time_far_beyond_what_the_load_shows_has_no_number() -> None:
    day = Day(low=100, high=200)

    found = cache_answer(day.recording(), day.replicas, 600.0)

    assert found.hits is None
    assert found.misses is None
    assert found.why is not None
    assert "is beyond what its load shows" in found.why


def test_a_flat_load_says_nothing_of_time() -> None:
    day = Day(low=100, high=101)

    found = cache_answer(day.recording(), day.replicas, 10.0)

    assert found.why is not None
    assert "origin: the load is flat" in found.why


def test_a_cache_that_would_be_too_small_has_no_number() -> None:
    day = Day(keys=1e6, low=2000, high=20000)

    found = cache_answer(day.recording(), np.ones(day.steps), 8.0)

    assert found.why is not None
    assert "cache_rows has room for 50,000" in found.why


def test_a_cache_that_was_off_or_not_recorded_has_no_number() -> None:
    day = Day()
    off = day.service.model_copy(update={"cache_rows": 0})

    assert "was off" in str(cache_answer(Recording(off, day.span, {}), day.replicas, 9.0).why)
    nothing = cache_answer(Recording(day.service, day.span, {}), day.replicas, 9.0)
    assert nothing.why == "nothing was recorded of the row cache"
