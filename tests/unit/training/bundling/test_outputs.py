from typing import Any

import numpy as np
import pytest

from training.bundling.outputs import answered_outputs, named_outputs


def answered(values: Any, **document: Any) -> tuple[str, list[int]]:
    (output,) = answered_outputs(
        named_outputs([{"name": "risk", **document}]), {"risk": np.array(values)}
    )
    return output.dtype, output.shape


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        ([1.5, 2], None, ("float64", [])),
        (np.zeros((2, 3), np.float16), None, ("float16", [3])),
        (np.zeros((2, 3, 4), np.int32), None, ("int32", [3, 4])),
        ([0, 2], ["low", "middle", "high"], ("int64", [])),
        (np.ones((2, 2), np.float32), ["no", "yes"], ("float32", [2])),
        ([["a"], ["b"]], None, ("<U1", [1])),
    ],
)
def test_an_output_is_what_the_program_answers(
    values: Any, labels: list[str] | None, expected: tuple[str, list[int]]
) -> None:
    assert answered(values, labels=labels) == expected


@pytest.mark.parametrize(
    ("values", "labels", "problem"),
    [
        ([0, 2], ["no", "yes"], "'risk' has 2 labels, and the program answers 0 to 2"),
        ([-1, 1], ["no", "yes"], "'risk' has 2 labels, and the program answers -1 to 1"),
        ([0.5, 1], ["no", "yes"], "'risk' has 2 labels, and .* float64: labels are for whole"),
        (np.ones((4, 3)), ["no", "yes"], "'risk' has 2 labels, and the program answers 3 values"),
        ([0, 1], ["no", "no"], r"two labels of the output 'risk' are alike: \['no', 'no'\]"),
    ],
    ids=["too few", "below", "floats", "of another width", "alike"],
)
def test_labels_that_do_not_fit_are_refused(values: Any, labels: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        answered(values, labels=labels)


def test_names_are_given_once() -> None:
    with pytest.raises(ValueError, match=r"two outputs have one name: \['a', 'a'\]"):
        named_outputs([{"name": "a"}, {"name": "a"}])
