import numpy as np
import pytest
import torch
from torch import nn

from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from tests.unit.deployments.model.backends.programs import Last, Sums, exported, tensors, totals


def runtime(module: nn.Module, outputs: list[str]) -> TorchRuntime:
    cpu = torch.device("cpu")
    return TorchRuntime(Program(exported(module), outputs, tensors(1), cpu), cpu)


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_outputs_are_named_in_the_order_of_the_program(rows: int) -> None:
    outputs = runtime(Sums(), ["flat", "column", "pair"]).run(tensors(rows))

    np.testing.assert_array_equal(outputs["flat"], totals(rows))
    np.testing.assert_array_equal(outputs["pair"], np.stack([totals(rows), -totals(rows)], 1))


@pytest.mark.parametrize("rows", [1, 2])
def test_a_column_of_width_one_is_a_number_per_row(rows: int) -> None:
    outputs = runtime(Sums(), ["flat", "column", "pair"]).run(tensors(rows))

    np.testing.assert_array_equal(outputs["column"], totals(rows))


def test_a_program_with_one_answer_needs_no_tuple() -> None:
    outputs = runtime(Last(), ["last"]).run(tensors(3))

    assert outputs["last"].dtype == np.int64
    assert outputs["last"].tolist() == [1, 3, 5]


def test_as_many_outputs_as_names() -> None:
    with pytest.raises(ValueError, match="answers 3 tensors, the contract names 2 outputs"):
        runtime(Sums(), ["flat", "pair"]).run(tensors(1))
