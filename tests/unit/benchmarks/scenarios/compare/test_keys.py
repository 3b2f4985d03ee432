import pytest

from benchmarks.scenarios.compare.keys import hit_rate

KEYS = [("a",), ("a",), ("b",), ("a",)]


def test_a_key_that_comes_back_in_time_is_a_hit() -> None:
    # One a second, kept for 2.5 s, 12 in all: a misses at 0, 3, 7 and 11, b at 2, 6 and 10.
    assert hit_rate(KEYS, rate=1.0, ttl_s=2.5) == pytest.approx(5 / 12)


def test_at_a_high_rate_only_the_time_to_live_makes_misses() -> None:
    assert hit_rate(KEYS, rate=1000.0, ttl_s=5.0) > 0.999
