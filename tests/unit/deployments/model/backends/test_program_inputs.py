"""Programs of any inputs, and what they are given of a batch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from tests.support.manifests import PARCELS

CPU = torch.device("cpu")
ROWS = Dim("rows", min=1)
N = {0: ROWS}
USER, ITEM = torch.zeros(4, 3), torch.zeros(4, 2)
LONG = 1 << 40


class Towers(nn.Module):
    def forward(self, user: Tensor, *, item: Tensor, weight: float = 1.0) -> Tensor:
        return user.sum(1) + weight * 10 * item.sum(1)


class Batch(nn.Module):
    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["user"].sum(1) + 10 * batch["item"].sum(1)


class Unnamed(nn.Module):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x.sum(1) + 10 * y.sum(1)


class Both(nn.Module):
    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return user.sum(1) + 10 * item.sum(1)


class One(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


def runtime(
    module: nn.Module,
    args: tuple[Any, ...],
    example: TensorFrame,
    kwargs: dict[str, Any] | None = None,
    shapes: Any = None,
) -> TorchRuntime:
    program = torch.export.export(
        module.eval(), args, kwargs, dynamic_shapes=shapes or (N,) * len(args)
    )
    return TorchRuntime(Program(program, ["answer"], example, CPU), CPU)


def frame(**inputs: Any) -> TensorFrame:
    return TensorFrame(PARCELS, {name: np.asarray(one) for name, one in inputs.items()})


def towers(rows: int = 4) -> TensorFrame:
    item = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    return frame(item=item, user=np.ones((rows, 3), np.float32))


def answer(outputs: Outputs) -> Any:
    return outputs["answer"].tolist()


@pytest.mark.parametrize(
    ("module", "args", "kwargs", "shapes"),
    [
        (Both(), (USER, ITEM), None, None),
        (Both(), (), {"item": ITEM, "user": USER}, {"item": N, "user": N}),
        (Both(), (USER,), {"item": ITEM}, {"user": N, "item": N}),
        (Towers(), (USER,), {"item": ITEM, "weight": 1.0}, {"user": N, "item": N, "weight": None}),
        (Batch(), ({"user": USER, "item": ITEM},), None, ({"user": N, "item": N},)),
        (Both(), (USER, ITEM), None, ({0: Dim.AUTO}, {0: Dim.AUTO})),
        (
            Towers(),
            (USER,),
            {"item": ITEM, "weight": 1.0},
            {"user": {0: Dim.AUTO}, "item": {0: Dim.AUTO}, "weight": None},
        ),
    ],
    ids=["positional", "keyword", "both", "option", "dict", "module", "module, option"],
)
@pytest.mark.parametrize("rows", [1, 3])
def test_inputs_are_matched_by_name(
    module: nn.Module, args: Any, kwargs: Any, shapes: Any, rows: int
) -> None:
    served = runtime(module, args, towers(), kwargs, shapes)

    assert answer(served.run(towers(rows))) == [3 + 10 * (4 * row + 1) for row in range(rows)]


def test_inputs_without_names_are_taken_by_order_where_none_can_be_mistaken() -> None:
    example = frame(numeric=np.ones((2, 3), np.float32), categorical=np.ones((2, 2), np.int64))
    served = runtime(Unnamed(), (USER, ITEM.long()), example)

    assert answer(served.run(example)) == [23, 23]
    assert answer(runtime(One(), (torch.zeros(4),), frame(a=[1.5, 2])).run(frame(a=[1.5, 2]))) == [
        1.5,
        2,
    ]


def test_columns_that_are_none_may_be_left_out() -> None:
    example = frame(x=np.ones((2, 3), np.float32), categorical=np.ones((2, 0), np.int64))

    assert answer(runtime(One(), (USER,), example).run(example)) == [[1, 1, 1]] * 2


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (
            {"user": USER, "thing": ITEM},
            "takes 'user', 'item', preprocessing makes 'user', 'thing'",
        ),
        ({"user": USER}, "takes 'user', 'item', preprocessing makes 'user': name the arguments of"),
        ({"a": USER, "b": ITEM}, "takes 'user', 'item', preprocessing makes 'a', 'b': name the"),
        ({"user": USER, "item": ITEM, "c": ITEM}, "preprocessing makes 'user', 'item', 'c': name"),
        (
            {"user": USER, "item": USER},
            r"'item' as float32 \[N, 2\], .* 'item' as float32 \[N, 3\]",
        ),
        (
            {"user": USER, "item": ITEM[:, 0]},
            r"'item' as float32 \[N, 2\], .* 'item' as float32 \[N\]",
        ),
    ],
    ids=["name", "lacks one", "no names", "one more", "width", "no columns"],
)
def test_inputs_that_do_not_fit_are_named(inputs: dict[str, Tensor], problem: str) -> None:
    example = frame(**{name: one.numpy() for name, one in inputs.items()})

    with pytest.raises(ValueError, match=problem):
        runtime(Both(), (USER, ITEM), example)


@pytest.mark.parametrize("takes", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("made", [np.float32, np.int64, np.bool_])
def test_numbers_are_cast_to_what_the_program_takes(takes: torch.dtype, made: Any) -> None:
    example = frame(x=np.array([[0, 1], [1, 1]], dtype=made))
    served = runtime(One(), (torch.zeros(4, 2, dtype=takes),), example)

    answers = served.run(example)["answer"]

    assert answers.tolist() == [[0, 1], [1, 1]]
    assert answers.dtype == (torch.float32 if takes == torch.bfloat16 else takes).__str__()[6:]


@pytest.mark.parametrize("takes", [torch.int32, torch.int16, torch.int8, torch.uint8, torch.int64])
def test_whole_numbers_stay_whole(takes: torch.dtype) -> None:
    served = runtime(One(), (torch.zeros(4, dtype=takes),), frame(x=[1, 0]))

    answers = served.run(frame(x=[7, 100]))["answer"]

    assert answers.tolist() == [7, 100]
    assert str(answers.dtype) == str(takes).removeprefix("torch.")
    if takes != torch.int64:
        with pytest.raises(ValueError, match=f"'x' holds a number that no {answers.dtype} can be"):
            served.run(frame(x=[7, LONG]))


@pytest.mark.parametrize(
    ("takes", "made"),
    [(torch.int64, np.float32), (torch.bool, np.int64), (torch.int32, np.float32)],
)
def test_numbers_are_never_cast_to_another_kind(takes: torch.dtype, made: Any) -> None:
    with pytest.raises(ValueError, match=r"takes 'x' as \w+ \[N\], and preprocessing makes"):
        runtime(One(), (torch.zeros(4, dtype=takes),), frame(x=np.zeros(2, made)))


def test_a_number_for_each_row_is_taken_in_either_form() -> None:
    flat, column = frame(x=np.arange(3.0, dtype="f4")), frame(x=np.arange(3.0, dtype="f4")[:, None])
    for takes in (torch.zeros(4), torch.zeros(4, 1)):
        served = runtime(One(), (takes,), flat)
        assert answer(served.run(flat)) == answer(served.run(column)) == [0, 1, 2]


class Pooled(nn.Module):
    """The largest of each row's items, of those that are there."""

    def forward(self, items: Tensor, mask: Tensor) -> Tensor:
        return items.masked_fill(~mask, -1).amax(1)


def histories(*lengths: int, width: int | None = None) -> TensorFrame:
    width = max(lengths) if width is None else width
    mask = np.arange(width) < np.array(lengths)[:, None]
    return frame(items=np.where(mask, np.arange(width) + 1, 0), mask=mask)


@pytest.mark.parametrize(
    "length",
    [Dim("length", min=1), Dim("length"), Dim("length", min=1, max=9), Dim.AUTO],
    ids=["any", "unsaid", "limited", "auto"],
)
def test_a_batch_is_as_wide_as_its_longest_row(length: Any) -> None:
    example = histories(2, 5)
    shapes = ({0: ROWS, 1: length},) * 2
    inputs = tuple(torch.from_numpy(one) for one in example.inputs.values())
    served = runtime(Pooled(), inputs, example, shapes=shapes)

    assert answer(served.run(histories(3, 0, 9))) == [3, -1, 9]
    assert answer(served.run(histories(1))) == [1]
    assert answer(served.run(histories(0, 0))) == [-1, -1], "nothing at all is padded to something"


def test_rows_beyond_what_the_program_takes_are_refused() -> None:
    example = histories(2, 5)
    shapes = ({0: ROWS, 1: Dim("length", min=1, max=9)},) * 2
    inputs = tuple(torch.from_numpy(one) for one in example.inputs.values())
    served = runtime(Pooled(), inputs, example, shapes=shapes)

    with pytest.raises(ValueError, match=r"'items' as int64 \[N, up to 9\], .* int64 \[N, 10\]"):
        served.run(histories(10))


def test_two_inputs_of_one_name_are_refused() -> None:
    class Pairs(nn.Module):
        def forward(self, left: dict[str, Tensor], right: dict[str, Tensor]) -> Tensor:
            return left["user"].sum(1) + right["user"].sum(1)

    args, shapes = ({"user": USER}, {"user": ITEM}), ({"user": N}, {"user": N})

    with pytest.raises(ValueError, match=r"two of the .* inputs have one name: \['user', 'user'\]"):
        runtime(Pairs(), args, towers(), shapes=shapes)


def test_a_tensor_without_rows_is_refused() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Tensor, scale: Tensor) -> Tensor:
            return x * scale

    with pytest.raises(ValueError, match="input 'scale' is a single number, without rows"):
        runtime(Scaled(), (USER, torch.tensor(2.0)), towers(), shapes=(N, None))
