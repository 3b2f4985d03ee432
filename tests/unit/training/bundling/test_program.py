"""Programs as `windsock bundle` tries them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.bundle.manifest import OutputSpec
from deployments.columns import Column, column_of
from deployments.model.backends.base import BACKENDS
from tests.support.preprocessing import fitted
from tests.unit.deployments.model.backends.programs import Of
from training.bundling.program import Answered, answers

COLUMNS: dict[str, Column] = {
    "amount": np.arange(20.0),
    "town": column_of("string", [f"town {place}" for place in range(20)]),
    "size": column_of("string", ["small", "large"] * 10),
}
PREPROCESSOR = fitted(
    COLUMNS,
    numeric=[{"column": "amount"}],
    categorical=[{"column": "town"}, {"column": "size"}],
)
GOLDEN = {name: column[:8] for name, column in COLUMNS.items()}
"""With the most frequent towns alone."""


class Embedding(nn.Module):
    """One row of a table for each index of a categorical input; the others are not read."""

    def __init__(self, sizes: list[int], last: float = 0.0) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, 1) for size in sizes)
        for table in self.tables:
            assert isinstance(table, nn.Embedding)
            table.weight.data[-1] = last

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        parts = [table(categorical[:, place]) for place, table in enumerate(self.tables)]
        return torch.cat([numeric, *parts], 1).sum(1)


def program(folder: Path, module: nn.Module, rows: Any = None) -> Path:
    """It is exported for ``rows`` rows: a ``Dim``, or that number of them."""
    rows = torch.export.Dim("rows", min=1) if rows is None else rows
    count, shapes = (rows, None) if isinstance(rows, int) else (4, ({0: rows}, {0: rows}))
    inputs = (torch.zeros(count, 1), torch.zeros(count, 2, dtype=torch.int64))
    path = folder / "model.pt2"
    torch.export.save(torch.export.export(module.eval(), inputs, dynamic_shapes=shapes), path)
    return path


def tried(path: Path, *names: str) -> Answered:
    outputs = [OutputSpec(name=name) for name in names]
    return answers(BACKENDS["pytorch_export"], path, PREPROCESSOR, GOLDEN, outputs)


def test_the_answers_are_those_of_the_golden_rows(tmp_path: Path) -> None:
    found, max_rows, _, _ = tried(program(tmp_path, Of(lambda n, c: c[:, 1].float())), "size")

    assert found["size"].tolist() == [2, 1] * 4
    assert max_rows is None


@pytest.mark.parametrize("most", [1, 5, 100])
def test_a_limit_of_rows_is_found_and_kept(tmp_path: Path, most: int) -> None:
    rows = 1 if most == 1 else torch.export.Dim("rows", min=1, max=most)

    found, max_rows, _, _ = tried(program(tmp_path, Of(lambda n, _: n[:, 0]), rows), "amount")

    assert max_rows == most
    assert len(found["amount"]) == 8


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        (
            [20, 3],
            r"at index 20 of 'town' in 'categorical', which has 21: index out of range",
        ),
        ([21, 2], r"at index 2 of 'size' in 'categorical', which has 3: index out of range"),
        ([1, 3], r"at index 20 of 'town' in 'categorical', which has 21"),
    ],
    ids=["one row short", "the last input", "a single row"],
)
def test_an_embedding_shorter_than_its_vocabulary_is_found_though_no_golden_row_has_the_value(
    tmp_path: Path, sizes: list[int], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        tried(program(tmp_path, Embedding(sizes)), "sum")


def test_an_embedding_that_is_not_finite_for_a_rare_value_is_found(tmp_path: Path) -> None:
    tried(program(tmp_path, Embedding([21, 3])), "sum")

    with pytest.raises(ValueError, match=r"'sum' is not finite for index 20 of 'town'"):
        tried(program(tmp_path, Embedding([21, 3], np.nan)), "sum")


def test_values_that_fail_only_together_are_found(tmp_path: Path) -> None:
    crossed = nn.Embedding(20 * 2 + 2, 1)

    with pytest.raises(ValueError, match="the highest index of all inputs together"):
        tried(program(tmp_path, Of(lambda n, c: crossed(c[:, 0] * c[:, 1] + c[:, 1]))), "sum")


Make = Callable[[Tensor, Tensor], Any]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda n, c: (n.sum(1),), "the program answers 1 tensors, the contract names 2 outputs"),
        (lambda n, c: {"a": n.sum(1), "c": n.sum(1)}, r"\['a', 'c'\], the contract names"),
        (lambda n, c: (n.sum(1), n.sum().reshape(1, 1)), r"'b' has the shape \[1\] for 8 rows: it"),
        (
            lambda n, c: (n.sum(1), n.reshape(-1, 1, 1, 1)),
            r"'b' has the shape \[8, 1, 1, 1\] for 8",
        ),
        (lambda n, c: (n.sum(1), n.to(torch.complex64)), "'b' is complex64: it must be real"),
        (lambda n, c: (n.sum(1), n.sum()), r"'b' has the shape \[\] for 8 rows: it must be"),
        (lambda n, c: (n.sum(1), n[:, :0]), r"'b' has the shape \[8, 0\] for 8 rows: it must be"),
        (lambda n, c: (n.sum(1), n / (c[:, :1] * 0)), "output 'b' is not finite"),
        (lambda n, c: (n.sum(1), n - n.mean()), "'b' of a row is another in a batch of 1 rows"),
        (lambda n, c: (n.sum(1), n.softmax(0)), "'b' of a row is another in a batch of 1 rows"),
    ],
    ids=[
        "one",
        "names",
        "row",
        "four axes",
        "complex",
        "scalar",
        "nothing",
        "nan",
        "mean",
        "softmax",
    ],
)
def test_answers_that_cannot_be_served_are_refused(
    tmp_path: Path, make: Make, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        tried(program(tmp_path, Of(make)), "a", "b")


def test_dropout_that_was_left_on_is_found(tmp_path: Path) -> None:
    noisy = Of(lambda n, _: torch.nn.functional.dropout(n + 1, 0.5, training=True))

    with pytest.raises(ValueError, match=r"exported in training mode .* call module\.eval\(\)"):
        tried(program(tmp_path, noisy), "amount")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (8, "for exactly 8 rows"),
        (2 * torch.export.Dim("half", max=50), "rows of 'numeric' alone: export it for any number"),
        (torch.export.Dim("rows", min=3), "for 3 rows or more, and a request may have one"),
    ],
    ids=["one number", "even numbers", "no single row"],
)
def test_a_program_for_some_numbers_of_rows_is_refused(
    tmp_path: Path, rows: Any, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        tried(program(tmp_path, Of(lambda n, _: n[:, 0]), rows), "amount")


def test_a_program_that_fails_for_some_number_of_rows_is_refused(tmp_path: Path) -> None:
    paired = Of(lambda n, _: n.reshape(-1, 2, 1).flip(1).reshape(-1))

    with pytest.raises(ValueError, match=r"with any N: at 1 rows, "):
        tried(program(tmp_path, paired, torch.export.Dim.AUTO), "amount")


def test_a_program_of_another_width_is_refused(tmp_path: Path) -> None:
    inputs = (torch.zeros(4, 2), torch.zeros(4, 2, dtype=torch.int64))
    rows = torch.export.Dim("rows", min=1)
    wide = torch.export.export(
        Of(lambda n, _: n[:, 0]), inputs, dynamic_shapes=({0: rows}, {0: rows})
    )
    torch.export.save(wide, tmp_path / "model.pt2")

    with pytest.raises(
        ValueError, match=r"takes 'numeric' as float32 \[N, 2\], .* as float32 \[N, 1\]"
    ):
        tried(tmp_path / "model.pt2", "amount")


def test_a_program_that_takes_its_inputs_the_other_way_round_is_refused(tmp_path: Path) -> None:
    inputs = (torch.zeros(4, 2, dtype=torch.int64), torch.zeros(4, 1))
    rows = torch.export.Dim("rows", min=1)
    turned = torch.export.export(
        Of(lambda c, n: n[:, 0] + c[:, 0]), inputs, dynamic_shapes=({0: rows}, {0: rows})
    )
    torch.export.save(turned, tmp_path / "model.pt2")

    with pytest.raises(ValueError, match=r"takes 'numeric' as int64 \[N, 2\], and prepro"):
        tried(tmp_path / "model.pt2", "amount")
