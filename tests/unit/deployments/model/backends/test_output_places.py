import dataclasses
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from deployments.model.backends.output_places import output_places
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_program import Program
from tests.unit.deployments.model.backends.programs import Of, exported, tensors

CPU = torch.device("cpu")


class Pair(NamedTuple):
    b: Tensor
    a: Tensor | None


@dataclasses.dataclass
class Record:
    b: Tensor
    a: Tensor


torch.export.register_dataclass(Record)


def answers(make: Any, names: list[str], rows: Any = None) -> dict[str, Any]:
    """What a program answers to four rows, whose first input is ``a`` and whose second ``b``."""
    program = exported(Of(lambda n, c: make(n[:, 0], c[:, 0].float())), rows)
    return dict(TorchRuntime(Program(program, names, tensors(4), CPU), CPU).run(tensors(4)))


@pytest.mark.parametrize("rows", [None, torch.export.Dim.AUTO], ids=["plain", "module"])
@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: {"b": b, "a": a},
        lambda a, b: {"a": a, "b": b},
        lambda a, b: OrderedDict(b=b, a=a),
        lambda a, b: {"b": b, "loss": None, "a": a},
        lambda a, b: Pair(b, a),
        lambda a, b: Record(b, a),
        lambda a, b: (a, b),
        lambda a, b: [a, b],
        lambda a, b: (None, a, None, b),
    ],
    ids=["dict", "in order", "ordered", "none", "NamedTuple", "dataclass", "tuple", "list", "gaps"],
)
def test_parts_with_names_are_matched_by_them_and_others_by_order(make: Any, rows: Any) -> None:
    outputs = answers(make, ["a", "b"], rows)

    np.testing.assert_array_equal(outputs["a"], tensors(4).inputs["numeric"][:, 0])
    np.testing.assert_array_equal(outputs["b"], tensors(4).inputs["categorical"][:, 0])


@pytest.mark.parametrize(
    "make", [lambda a, b: {"b": a, "a": a}, lambda a, b: (a, a)], ids=["dict", "tuple"]
)
def test_one_tensor_may_be_two_outputs(make: Any) -> None:
    outputs = answers(make, ["a", "b"])

    np.testing.assert_array_equal(outputs["a"], outputs["b"])


@pytest.mark.parametrize(
    "make",
    [lambda a, b: b, lambda a, b: {"b": b}, lambda a, b: (b, None)],
    ids=["tensor", "dict", "and None"],
)
def test_a_single_output(make: Any) -> None:
    np.testing.assert_array_equal(answers(make, ["b"])["b"], tensors(4).inputs["categorical"][:, 0])


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda a, b: {"x": a, "y": b}, r"outputs \['x', 'y'\], the contract names \['a', 'b'\]"),
        (lambda a, b: {"a": a}, r"answers the outputs \['a'\], the contract names \['a', 'b'\]"),
        (lambda a, b: {"a": a, "b": None}, r"outputs \['a'\], the contract names \['a', 'b'\]"),
        (lambda a, b: {"a": a, "b": b, "c": b}, r"outputs \['a', 'b', 'c'\], the contract names"),
        (lambda a, b: {"a": a, 1: b}, r"outputs \['a', 1\], the contract names \['a', 'b'\]"),
        (lambda a, b: Pair(b, None), r"outputs \['b'\], the contract names \['a', 'b'\]"),
        (lambda a, b: (a,), "answers 1 tensors, the contract names 2 outputs"),
        (lambda a, b: (a, None), "answers 1 tensors, the contract names 2 outputs"),
        (lambda a, b: {"a": a, "b": (b, b)}, "the program's output 'b' is no tensor"),
        (lambda a, b: ((a, b),), "the program's output 0 is no tensor"),
        (lambda a, b: (a, 3), "the program's output 1 is no tensor"),
    ],
)
def test_outputs_that_are_not_the_contracts_are_refused_with_both_named(
    make: Any, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        output_places(exported(Of(make)), ["a", "b"])
