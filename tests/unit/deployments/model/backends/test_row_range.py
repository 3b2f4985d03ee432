from typing import Any

import numpy as np
import pytest
import torch
from torch.export import Dim

from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.base import InParts, Runtime
from deployments.model.backends.parameters import parameters_of
from deployments.model.backends.row_range import RowRange, row_range
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from tests.unit.deployments.model.backends.programs import (
    Last,
    Of,
    Sums,
    UpTo,
    exported,
    tensors,
    totals,
)

CPU = torch.device("cpu")
FIRST = Of(lambda numeric, _: numeric[:, 0])


@pytest.mark.parametrize(
    ("rows", "other", "expected"),
    [
        (Dim("rows", min=1), None, RowRange(1, None)),
        (Dim("rows"), None, RowRange(0, None)),
        (Dim("rows", min=1, max=100), None, RowRange(1, 100)),
        (Dim.AUTO, None, RowRange(2, None)),
        (1, None, RowRange(1, 1)),
        (Dim("a", max=20), Dim("b", min=1, max=30), RowRange(1, 20)),
        (Dim("a", max=30), Dim("b"), RowRange(0, 30)),
        (Dim("a"), 1, RowRange(1, 1)),
    ],
    ids=["any", "unsaid", "limited", "auto", "one", "two", "two, one limited", "one of two"],
)
def test_the_range_is_that_of_the_export(rows: Any, other: Any, expected: RowRange) -> None:
    program = exported(Sums() if other is None else FIRST, rows, other)

    assert row_range(parameters_of(program)) == expected


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (7, r"for exactly 7 rows of 'numeric': export it for any number"),
        (2 * Dim("half", max=50), r"for 2\*s\d+ rows of 'numeric' alone: export it for any"),
        (Dim("rows", min=3), "for 3 rows or more, and a request may have one: export it"),
    ],
    ids=["one number", "even numbers", "no single row"],
)
def test_numbers_of_rows_that_cannot_be_kept_are_refused(rows: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Program(exported(Last(), rows), ["last"], tensors(1), CPU)


@pytest.mark.parametrize("most", [4, 100])
@pytest.mark.parametrize("rows", [1, 4, 5, 100, 101, 1000])
def test_a_larger_batch_is_cut_and_each_row_gets_its_own_answer(most: int, rows: int) -> None:
    program = exported(UpTo(most), Dim("rows", min=1, max=most))
    whole = TorchRuntime(Program(program, ["flat", "column", "pair"], tensors(1), CPU), CPU)
    assert whole.max_rows == most

    outputs = InParts(whole, most).run(tensors(rows))

    np.testing.assert_array_equal(outputs["flat"], totals(rows))
    np.testing.assert_array_equal(outputs["column"], totals(rows))
    np.testing.assert_array_equal(outputs["pair"], np.stack([totals(rows), -totals(rows)], 1))


class Counting(Runtime):
    """Answers nothing but remembers the sizes of its batches."""

    device = "memory"

    def __init__(self) -> None:
        self.ran: list[int] = []

    def run(self, frame: TensorFrame) -> Outputs:
        self.ran.append(frame.rows)
        return {}


def test_no_part_has_more_rows_than_the_program_takes() -> None:
    counting = Counting()

    InParts(counting, 4).run(tensors(10))

    assert counting.ran == [4, 4, 2]
