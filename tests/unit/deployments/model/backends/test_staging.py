import numpy as np
import pytest
import torch

from deployments.model.backends.staging import BlockLayout, Staging, apart, side_by_side, widths
from tests.unit.deployments.model.backends.programs import tensors

CPU = torch.device("cpu")


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_a_batch_arrives_as_it_was_filled_in(rows: int) -> None:
    staging, frame = Staging(BlockLayout(rows, 3, 2), CPU), tensors(rows)

    staging.write(frame)
    staging.upload()

    np.testing.assert_array_equal(staging.numeric.numpy(), frame.inputs["numeric"])
    np.testing.assert_array_equal(staging.categorical.numpy(), frame.inputs["categorical"])


def test_a_smaller_batch_leaves_the_remaining_rows_as_they_were() -> None:
    staging, before = Staging(BlockLayout(8, 3, 2), CPU), tensors(8)
    staging.write(before)

    staging.write(tensors(1))
    staging.upload()

    np.testing.assert_array_equal(staging.numeric.numpy()[1:], before.inputs["numeric"][1:])


@pytest.mark.parametrize(("features", "categories"), [(4, 0), (0, 4), (3, 1)])
def test_the_two_parts_do_not_overlap(features: int, categories: int) -> None:
    layout = BlockLayout(5, features, categories)
    block = torch.zeros(layout.nbytes, dtype=torch.uint8)

    numeric, categorical = layout.views(block)
    numeric.fill_(1)
    categorical.fill_(2)

    assert (numeric == 1).all()
    assert numeric.shape == (5, features)
    assert categorical.shape == (5, categories)
    assert numeric.nbytes + categorical.nbytes == layout.nbytes


def test_outputs_travel_side_by_side_and_are_taken_apart_again() -> None:
    flat, column = torch.arange(4), torch.arange(4.0).unsqueeze(1) / 2
    pair = torch.stack([torch.arange(4.0), -torch.arange(4.0)], 1).to(torch.bfloat16)
    answers = [flat, column, pair]

    block = side_by_side(answers)
    outputs = apart(block.numpy(), ["flat", "column", "pair"], widths(answers))

    assert block.shape == (4, 4)
    assert outputs["flat"].tolist() == [0, 1, 2, 3]
    assert outputs["column"].tolist() == [0, 0.5, 1, 1.5]
    assert outputs["pair"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]
    assert {values.dtype for values in outputs.values()} == {np.dtype(np.float32)}
