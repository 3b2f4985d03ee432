import numpy as np
import pytest

from app.observability.cost.spot import Needs, unserved

KNOWN = np.array([True, True, True, False])


@pytest.mark.parametrize(
    ("share", "short"),
    [
        # Of 4 replicas of one CPU, 0, 2, 3 and 4 go; the load takes 1, 2 and 3 CPUs.
        (0.0, 0),
        (0.5, 1 / 3),
        (0.6, 2 / 3),
        (1.0, 1),
    ],
)
def test_what_remains_when_all_of_it_goes(share: float, short: float) -> None:
    needs = Needs(np.full(4, 4.0), np.array([1.0, 2, 3, 9]), 1.0)

    assert unserved([needs], share, KNOWN) == pytest.approx(short)


def test_one_deployment_that_cannot_is_enough() -> None:
    easy, hard = (Needs(np.full(4, 2.0), np.full(4, cpu), 1.0) for cpu in (0.1, 1.5))

    assert unserved([easy], 0.5, KNOWN) == 0
    assert unserved([easy, hard], 0.5, KNOWN) == 1
