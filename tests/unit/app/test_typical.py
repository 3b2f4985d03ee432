import pytest

from app.typical import Typical


def test_it_follows_what_it_sees() -> None:
    typical = Typical(0.2)
    for _ in range(50):
        typical.saw(0.02)
    assert typical.seconds == pytest.approx(0.02, rel=1e-3)


def test_one_that_stands_out_counts_for_little() -> None:
    typical = Typical(0.2)
    for _ in range(50):
        typical.saw(0.02)
    typical.saw(30.0)
    assert typical.seconds < 0.04
