import time

import pytest

from deployments.frames import Outputs, TensorFrame
from deployments.model.inline_rows import rows_within
from tests.unit.deployments.model.backends.programs import tensors


class Program:
    """Takes a fixed time for a batch and for each of its rows."""

    def __init__(self, batch_s: float, row_s: float) -> None:
        self._batch_s = batch_s
        self._row_s = row_s

    def run(self, frame: TensorFrame) -> Outputs:
        until = time.thread_time() + self._batch_s + self._row_s * frame.rows
        while time.thread_time() < until:
            pass
        return {}


def test_as_many_rows_as_fit_into_the_time() -> None:
    program = Program(0.001, 0.0001)

    assert rows_within(0.005, program.run, tensors(20)) == pytest.approx(40, rel=0.1)


def test_none_where_a_single_row_takes_longer() -> None:
    assert rows_within(0.005, Program(0.006, 0).run, tensors(20)) == 0


@pytest.mark.parametrize("rows", [1, 20])
def test_rows_that_cost_nothing_have_an_end_all_the_same(rows: int) -> None:
    assert 1 <= rows_within(0.005, Program(0.001, 0).run, tensors(rows)) < 10_000


def test_no_time_means_no_rows() -> None:
    assert rows_within(0, Program(0.0001, 0).run, tensors(20)) == 0
