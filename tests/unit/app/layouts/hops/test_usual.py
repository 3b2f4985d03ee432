import pytest

from app.config import HopSettings
from app.layouts.hops.usual import UsualTimes
from deployments.model_id import ModelId
from tests.support.manifests import PARCELS

SETTINGS = HopSettings(suspect_s=0.2, hung_s=1.0, first_s=10.0)


def learned(*seconds: float, rows: int = 1) -> UsualTimes:
    usual = UsualTimes(SETTINGS)
    for one in seconds:
        usual.learn(PARCELS, rows, one)
    return usual


def test_quick_stages_have_the_floors() -> None:
    assert learned(0.01, 0.01).limits(PARCELS, 1) == (0.2, 1.0)


def test_what_is_not_known_may_load_first() -> None:
    assert learned().limits(PARCELS, 1) == (5.0, 10.0)
    assert learned(0.01).limits(PARCELS, 1) == (5.0, 10.0)
    assert learned(0.01, 0.01).limits(ModelId("parcels", "v2"), 1) == (5.0, 10.0)


def test_a_slow_stage_may_take_as_long_again() -> None:
    suspect_s, hung_s = learned(3.0, 3.0).limits(PARCELS, 1)

    assert suspect_s == pytest.approx(6.0)
    assert hung_s == pytest.approx(12.0)


def test_what_the_first_answer_took_is_soon_forgotten() -> None:
    assert learned(8.0, 0.01).limits(PARCELS, 1) == (0.2, 1.0)


def test_a_peak_counts_at_once_and_fades() -> None:
    usual = learned(*[0.01] * 30, 2.0)
    assert usual.limits(PARCELS, 1).hung_s == pytest.approx(8.0)
    usual.learn(PARCELS, 1, 0.01)
    assert usual.limits(PARCELS, 1).hung_s > 7.0
    for _ in range(60):
        usual.learn(PARCELS, 1, 0.01)

    assert usual.limits(PARCELS, 1) == (0.2, 1.0)


def test_a_size_that_was_not_seen_takes_as_much_a_row_as_a_smaller_one() -> None:
    suspect_s, hung_s = learned(0.1, 0.1, rows=4).limits(PARCELS, 256)

    assert suspect_s == pytest.approx(2 * 64 * 0.1)
    assert hung_s == pytest.approx(4 * 64 * 0.1)
    assert learned(0.01, 0.01, rows=4).limits(PARCELS, 8).hung_s == 10.0  # may load something


def test_a_smaller_one_takes_no_longer_than_a_larger() -> None:
    assert learned(0.01, 0.01, rows=64).limits(PARCELS, 1) == (0.2, 1.0)


def test_old_versions_are_forgotten() -> None:
    usual = UsualTimes(SETTINGS)
    for version in range(100):
        usual.learn(ModelId("parcels", str(version)), 1, 0.01)

    assert len(usual._peaks) < 10
