from typing import Any

import numpy as np
import pytest

from app.observability.cost.demand import Demand
from app.observability.cost.simulation import NotSimulated, simulated
from tests.support.costed import AUTOSCALING


def demand(ongoing: list[float], first: float = 1, **autoscaling: Any) -> Demand:
    """Calls of a second each, so that as many are under way as come in one; they take no CPU."""
    calls = np.array(ongoing)
    return Demand(
        name="Model",
        autoscaling={**AUTOSCALING, "target_ongoing_requests": 8, **autoscaling},
        **{"cpu": 1.0, "gpu": 0.0, "gib": 1.0, "capacity": 1.0, "idle": 0.0, "crowded": 0.0},
        work=0.01 * calls,
        calls=calls,
        alone=np.ones(len(calls)),
        replicas=np.full(len(calls), first),
    )


def run(one: Demand, step_s: float = 60.0) -> list[float]:
    found: list[float] = simulated(one, step_s, np.ones(len(one.work), bool)).replicas.tolist()
    return found


def test_a_second_replica_is_paid_for_from_when_it_is_wanted() -> None:
    # Target 8, 20 under way: three wanted, two allowed. The mean over 3 s rises from 4 by way of
    # 9.3 in the 1st second: wanted from then on, decided 2 s later, in the 3rd second's tick.
    found = run(demand([4, 20, 20]))

    assert found[0] == 1
    assert found[1] == pytest.approx((3 * 1 + 57 * 2) / 60, abs=1 / 60)
    assert found[2] == 2


def test_it_goes_when_it_was_not_wanted_for_as_long_as_the_delay() -> None:
    found = run(demand([20, 4, 4, 4, 4], first=2))

    # Wanted no more when the mean falls below 8, in the 3rd second; gone 120 s later.
    assert found[:3] == [2, 2, 2]
    assert found[3] == pytest.approx((3 * 2 + 57 * 1) / 60, abs=1 / 60)
    assert found[4] == 1


def test_a_dip_shorter_than_the_delay_changes_nothing() -> None:
    assert run(demand([20, 4, 20, 4, 20], first=2)) == [2] * 5


def test_bounds_hold() -> None:
    assert run(demand([800] * 4, max_replicas=3))[-1] == 3
    assert run(demand([0.1] * 9, first=4, min_replicas=2, max_replicas=4))[-1] == 2


def test_factors_damp_steps() -> None:
    # 1 + 0.5 x (8 - 1) = 4.5, so five first.
    slow = demand([64] * 2, max_replicas=8, upscaling_factor=0.5, upscale_delay_s=0)

    first = simulated(slow, 5.0, np.ones(2, bool)).replicas

    assert first[0] < 5.1
    assert run(slow)[-1] == 8


def test_none_run_while_nothing_comes_and_one_at_once_when_something_does() -> None:
    found = run(demand([0, 0, 0, 0, 1], min_replicas=0))

    assert found[3] == 0
    assert found[4] == pytest.approx(1, abs=1 / 30)


def test_nothing_changes_where_nothing_is_known() -> None:
    one = demand([20, 20, 0, 0, 0, 0, 0, 20], first=2)

    found = simulated(one, 60.0, np.array([1, 1, 0, 0, 0, 0, 0, 1], bool))

    assert found.replicas.tolist() == [2] * 8


def test_a_replica_that_starts_does_no_work_yet() -> None:
    one = demand([4, 150, 150])

    busy = simulated(one, 60.0, np.ones(3, bool)).busy

    # 1.5 CPUs for some 13 s of one replica, then of two.
    assert busy[1] == pytest.approx((13 * 1.5 + 47 * 0.75) / 60, rel=0.02)
    assert busy[2] == pytest.approx(0.75)


def test_fixed_replicas_are_as_they_were() -> None:
    one = demand([4, 80])
    fixed = Demand(
        **{name: getattr(one, name) for name in Demand.__dataclass_fields__}
        | {"autoscaling": None, "replicas": np.array([3.0, 2.0])}
    )

    assert simulated(fixed, 60.0, np.ones(2, bool)).replicas.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("autoscaling", "why"),
    [
        ({"policy": {"policy_function": "mine:policy"}}, "mine:policy, which is not simulated"),
        ({"aggregation_function": "max"}, "max of its requests"),
        ({"max_replicas": 0}, "max_replicas"),
    ],
)
def test_what_is_not_known_is_not_simulated(autoscaling: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSimulated, match=why):
        run(demand([4], **autoscaling))


def test_our_policy_of_two_doors_is_known() -> None:
    both = {"policy_function": "app.doors.autoscaling:both_doors"}

    assert run(demand([20, 20], policy=both))[-1] == 2
