import numpy as np
import pytest
import torch
from torch import Tensor

from deployments.model.backends.staging import BlockLayout, Slot, Staging, apart, side_by_side

CPU = torch.device("cpu")
DTYPES = [torch.bool, torch.int64, torch.bfloat16, torch.float32, torch.float16, torch.int32]
SHAPES = [(), (3,), (2,), (0,), (5, 3), (1,)]


def batch(rows: int) -> list[Tensor]:
    """A tensor of each dtype and shape."""
    return [
        (torch.arange(rows * int(np.prod(shape))) % 7).to(dtype).reshape(rows, *shape)
        for dtype, shape in zip(DTYPES, SHAPES, strict=True)
    ]


def layout(rows: int) -> BlockLayout:
    return BlockLayout(rows, tuple(map(Slot.of, batch(rows))))


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_a_batch_arrives_as_it_was_filled_in(rows: int) -> None:
    staging, tensors = Staging(layout(rows), CPU), batch(rows)

    staging.write(tensors)
    staging.upload()

    for arrived, tensor in zip(staging.inputs, tensors, strict=True):
        assert arrived.dtype == tensor.dtype
        assert torch.equal(arrived, tensor)


def test_a_smaller_batch_leaves_the_remaining_rows_as_they_were() -> None:
    staging, before = Staging(layout(8), CPU), batch(8)
    staging.write(before)

    staging.write([torch.zeros_like(one[:1]) for one in before])
    staging.upload()

    for arrived, tensor in zip(staging.inputs, before, strict=True):
        assert torch.equal(arrived[1:], tensor[1:])


def test_the_parts_do_not_overlap() -> None:
    whole = layout(5)
    views = whole.views(torch.zeros(whole.nbytes, dtype=torch.uint8))

    for place, view in enumerate(views):
        view.fill_(place)

    for place, view in enumerate(views):
        assert torch.equal(view, torch.full_like(view, place))
        assert view.data_ptr() % view.element_size() == 0


def test_outputs_travel_side_by_side_and_are_taken_apart_again() -> None:
    counts, column = torch.arange(4) + (1 << 60), torch.arange(4.0).unsqueeze(1) / 2
    pair = torch.stack([torch.arange(4.0), -torch.arange(4.0)], 1).to(torch.bfloat16)
    flags, cube = torch.arange(4) > 1, torch.arange(24, dtype=torch.float16).reshape(4, 3, 2)
    answers = [flags, counts, column, pair, cube]
    dtypes = [torch.bool, torch.int64, torch.float32, torch.float32, torch.float16]

    block = side_by_side(answers, dtypes)
    slots = [Slot(dtype, tuple(one.shape[1:])) for dtype, one in zip(dtypes, answers, strict=True)]
    outputs = apart(block.numpy(), ["flags", "counts", "column", "pair", "cube"], slots)

    assert block.shape == (4, 1 + 8 + 4 + 2 * 4 + 6 * 2)
    assert outputs["flags"].tolist() == [False, False, True, True]
    assert outputs["counts"].tolist() == [(1 << 60) + n for n in range(4)]
    assert outputs["column"].tolist() == [0, 0.5, 1, 1.5]
    assert outputs["pair"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]
    np.testing.assert_array_equal(outputs["cube"], cube.numpy())
    assert [str(values.dtype) for values in outputs.values()] == [
        "bool", "int64", "float32", "float32", "float16",
    ]  # fmt: skip
    block.zero_()
    assert outputs["flags"].any(), "a copy: the block is another's next"
