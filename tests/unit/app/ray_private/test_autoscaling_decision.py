from typing import Any

import pytest
from ray.serve.config import AutoscalingConfig

from app.ray_private.autoscaling_decision import Decisions


def decisions(**config: Any) -> Decisions:
    return Decisions(
        AutoscalingConfig(
            **{
                "max_replicas": 10,
                "target_ongoing_requests": 2,
                "upscale_delay_s": 5,
                "downscale_delay_s": 30,
            }
            | config
        )
    )


def test_it_waits_as_serve_does_before_it_scales_up() -> None:
    one = decisions()

    told = [one.decided(7.0, 1, 1, now) for now in (0.0, 2.0, 4.9, 5.0)]

    assert told == [1, 1, 1, 4]


def test_a_moment_of_less_begins_the_wait_again() -> None:
    one = decisions()

    told = [
        one.decided(ongoing, 1, 1, now)
        for ongoing, now in (
            (7.0, 0.0),
            (7.0, 4.0),
            (2.0, 4.5),
            (7.0, 5.0),
            (7.0, 9.9),
            (7.0, 10.0),
        )
    ]

    assert told == [1, 1, 1, 1, 1, 4]


def test_it_waits_longer_before_it_scales_down() -> None:
    one = decisions()

    assert [one.decided(2.0, 4, 4, now) for now in (0.0, 29.9, 30.0)] == [4, 4, 1]


def test_bounds_are_the_last_word() -> None:
    one = decisions(min_replicas=2, max_replicas=3, upscale_delay_s=0, downscale_delay_s=0)

    assert one.decided(100.0, 2, 2, 0.0) == 3
    assert one.decided(0.0, 3, 3, 1.0) == 2
    assert one.wanted(0.0, 3) == 2


@pytest.mark.parametrize(("ongoing", "told"), [(0.0, 0), (0.5, 1), (40.0, 1)])
def test_from_none_one_starts_at_once(ongoing: float, told: int) -> None:
    assert decisions(min_replicas=0).decided(ongoing, 0, 0, 0.0) == told


def test_the_last_one_goes_after_a_wait_of_its_own() -> None:
    one = decisions(min_replicas=0, downscale_to_zero_delay_s=60)

    assert [one.decided(0.0, 1, 1, now) for now in (0.0, 59.0, 60.0)] == [1, 1, 0]


def test_factors_count() -> None:
    one = decisions(upscaling_factor=0.5, upscale_delay_s=0)

    # Serve's own: ceil(2 + 0.5 x (8 - 2)).
    assert one.decided(16.0, 2, 2, 0.0) == 5
