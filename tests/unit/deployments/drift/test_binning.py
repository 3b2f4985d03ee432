"""Every form that a column has falls into the bins of its reference."""

from typing import Any

import numpy as np
import pytest

from deployments.columns import Column, column_of, key_column
from deployments.drift.binning import Binning
from deployments.drift.reference import Bins

NUMBERS = Bins(edges=[0.0, 10.0], counts=[0, 0, 0, 0])
LETTERS = Bins(categories=["a", "b"], counts=[0, 0, 0, 0])


def counted(bins: Bins, column: Column) -> list[int]:
    binning = Binning(bins)
    codes = binning.codes(column)
    counts = binning.count(column).tolist()
    assert counts == np.bincount(codes, minlength=bins.size).tolist()
    return list(counts)


@pytest.mark.parametrize(
    ("dtype", "cells", "expected"),
    [
        ("float64", [-1.0, 0.0, 0.1, 10.0, 10.1, None], [2, 2, 1, 1]),
        ("float64", [float("inf"), float("-inf")], [1, 0, 1, 0]),
        ("int64", [-5, 0, 7, 2**60, None], [2, 1, 1, 1]),
        ("bool", [False, True, None], [1, 1, 0, 1]),
    ],
)
def test_numbers(dtype: str, cells: list[Any], expected: list[int]) -> None:
    assert counted(NUMBERS, column_of(dtype, cells)) == expected


def test_what_is_of_another_width_is_the_same_number() -> None:
    assert counted(NUMBERS, np.array([1.0, 11.0, np.nan], dtype=np.float32)) == [0, 1, 1, 1]
    assert counted(NUMBERS, np.array([1, 11], dtype=np.int8)) == [0, 1, 1, 0]
    assert counted(NUMBERS, np.array([True, False])) == [1, 1, 0, 0]


def test_of_arrays_it_is_the_length_or_the_mean() -> None:
    lists = column_of("array<string>", [["x"] * 11, [], None, ["x"]])
    assert counted(NUMBERS.model_copy(update={"aspect": "length"}), lists) == [1, 1, 1, 1]
    vectors = column_of("array<float32, 2>", [[1.0, 3.0], [-4.0, 2.0], None])
    assert counted(NUMBERS.model_copy(update={"aspect": "mean"}), vectors) == [1, 1, 0, 1]
    assert counted(NUMBERS.model_copy(update={"aspect": "mean"}), np.full((2, 3), 11.0)) == [
        0,
        0,
        2,
        0,
    ]


def test_texts() -> None:
    column = column_of("string", ["a", "b", "a", "c", None, ""])
    assert counted(LETTERS, column) == [2, 1, 2, 1]


def test_keys_and_bytes_are_categories_by_their_text() -> None:
    bins = Bins(categories=["7", "00ff"], counts=[0] * 4)
    assert counted(bins, key_column("int64", [7, 8, 7])) == [2, 0, 1, 0]
    assert counted(bins, column_of("int64", [7, None])) == [1, 0, 0, 1]
    assert counted(bins, column_of("bytes", [b"\x00\xff", None])) == [0, 1, 0, 1]


def test_of_scores_it_is_the_largest() -> None:
    bins = Bins(aspect="top", categories=["2", "0"], counts=[0] * 4)
    scores = np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1], [0.0, 1.0, 0.0], [np.nan, 0.0, 0.0]])
    assert counted(bins, scores.astype(np.float32)) == [1, 1, 1, 1]


def test_no_rows_are_no_counts() -> None:
    assert counted(NUMBERS, column_of("float64", [])) == [0, 0, 0, 0]
    assert counted(LETTERS, column_of("string", [])) == [0, 0, 0, 0]


def test_counts_and_edges_must_fit() -> None:
    with pytest.raises(ValueError, match="3 bins, and 2 counts"):
        Bins(edges=[1.0], counts=[1, 2])
    with pytest.raises(ValueError, match="ascend"):
        Bins(edges=[2.0, 1.0], counts=[1, 2, 3, 4])


@pytest.mark.parametrize(("rows", "natural"), [(100, 0.5), (500, 0.5), (999, 0.5), (5000, 0.2)])
def test_a_window_has_the_natural_psi_of_its_size(rows: int, natural: float) -> None:
    bins = NUMBERS.model_copy(update={"natural": {500: 0.5, 1000: 0.2}})
    assert bins.natural_of(rows) == natural
    assert NUMBERS.natural_of(rows) == 0
