import numpy as np
import pytest

from benchmarks.check import WrongAnswers, compare, sample

WANTED = np.array([0.1, 0.2, 0.3])


def test_equal_answers_pass() -> None:
    assert compare(WANTED + 1e-6, WANTED) == pytest.approx(1e-6)


@pytest.mark.parametrize("wrong", [0.2001, np.nan], ids=["off", "nan"])
def test_one_wrong_answer_fails(wrong: float) -> None:
    with pytest.raises(WrongAnswers, match="1 of 3"):
        compare(np.array([0.1, wrong, 0.3]), WANTED)


def test_answers_that_are_all_the_same_prove_nothing() -> None:
    with pytest.raises(WrongAnswers, match="proves nothing"):
        compare(np.ones(3), np.ones(3))


def test_a_sample_is_spread_evenly() -> None:
    rows = [{"n": n} for n in range(1000)]

    assert [row["n"] for row in sample(rows, 4)] == [0, 250, 500, 750]
