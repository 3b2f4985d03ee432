"""Indices of values of every type."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from deployments.columns import Column, Integers, column_of, objects
from deployments.preprocess.declared import DeclaredPreprocessor
from tests.support.preprocessing import fitted

UUID = "0b8f4d0e-7a56-4a3e-8f44-6f1e1a2b3c4d"


def one(column: Column, **step: Any) -> DeclaredPreprocessor:
    return fitted({"x": column}, categorical=[{"column": "x", **step}])


def codes(preprocessor: DeclaredPreprocessor, column: Column) -> list[int]:
    values: list[int] = preprocessor.transform({"x": column})["categorical"][:, 0].tolist()
    return values


@pytest.mark.parametrize(
    ("dtype", "cells", "unseen"),
    [
        ("string", ["b", "a", ""], "z"),
        ("int64", [2**62 + 1, 2**62, -1], 2**62 + 2),
        ("float64", [3.0, 1.0, 2.0], 9.0),
        ("bool", [True, False, True], None),
        ("uuid", [UUID, "00000000-0000-0000-0000-000000000000", UUID], "x"),
        ("decimal", [Decimal("1.50"), Decimal(10), Decimal("1e1")], Decimal(3)),
        ("bytes", [b"\xff", b"", b"a"], b"b"),
        ("zoned_timestamp", [datetime(2024, 1, 1, tzinfo=UTC)] * 3, datetime(2025, 1, 1)),
    ],
)
def test_values_of_any_type_have_a_vocabulary(dtype: str, cells: list[Any], unseen: Any) -> None:
    preprocessor = one(column_of(dtype, [*cells, None]))

    known = codes(preprocessor, column_of(dtype, cells))
    inputs, new = preprocessor.inspect({"x": column_of(dtype, [cells[0], unseen, None])})

    assert sorted(set(known)) == list(range(1, len(set(cells)) + 1))
    assert inputs["categorical"][:, 0].tolist() == [known[0], 0, 0]
    assert [rows.tolist() for rows in new.values()] == ([] if unseen is None else [[1]])


def test_decimals_of_one_value_are_one_category() -> None:
    preprocessor = one(column_of("decimal", [Decimal("1.50"), Decimal("2")]))

    again = column_of("decimal", [Decimal("1.5"), Decimal("2.000"), Decimal("15e-1")])
    assert codes(preprocessor, again) == [1, 2, 1]


@pytest.mark.parametrize("cell", [{"a": 1}, ["a"]])
def test_a_document_is_no_category(cell: object) -> None:
    with pytest.raises(ValueError, match=r"'x' cannot be prepared: a .* is no category: take"):
        one(objects([cell]))


def test_arrays_are_no_category() -> None:
    with pytest.raises(ValueError, match="it holds arrays: use multi_hot, or a sequence"):
        one(column_of("array<string>", [["a"]]))


def test_a_hash_is_the_same_everywhere() -> None:
    by_hash = {"op": "hash", "buckets": 1000}
    words = column_of("string", ["Paris", "Rome", None, ""])
    numbers = Integers.of([7, 2**62 + 1, None, -1])

    # Written down once: a bundle's program was trained on these.
    assert codes(one(words, **by_hash), words) == [558, 562, 0, 1]
    assert codes(one(numbers, **by_hash), numbers) == [605, 959, 0, 68]


def test_a_number_has_one_hash_in_whatever_it_is_carried() -> None:
    preprocessor = one(Integers.of([1]), op="hash", buckets=97)
    carriers = [
        Integers.of([5, -3]),
        np.array([5, -3]),
        np.array([5.0, -3.0]),
        objects([5, -3.0]),
    ]

    assert len({tuple(codes(preprocessor, column)) for column in carriers}) == 1


def test_hashes_fill_their_buckets_evenly() -> None:
    preprocessor = one(Integers.of([1]), op="hash", buckets=8)
    for column in (np.arange(8000), objects([f"user-{n}" for n in range(8000)])):
        counts = np.bincount(codes(preprocessor, column), minlength=9)

        assert counts[0] == 0
        assert (np.abs(counts[1:] - 1000) < 150).all()
    assert preprocessor.cardinalities == [9]


def test_boundaries_part_numbers_and_belong_to_the_bucket_above() -> None:
    preprocessor = one(column_of("float64", [1]), op="bucketize", boundaries=[10, 20])

    values = column_of("float64", [-np.inf, 9.9, 10, 15, 20, np.inf, None])
    assert codes(preprocessor, values) == [1, 1, 2, 2, 3, 3, 0]
    assert preprocessor.cardinalities == [4]


def test_quantiles_are_those_of_training() -> None:
    preprocessor = one(column_of("float64", range(101)), op="bucketize", quantiles=4)

    assert codes(preprocessor, column_of("float64", [0, 24, 25, 60, 75, 1e9])) == [1, 1, 2, 3, 4, 4]
    again = DeclaredPreprocessor(preprocessor.state.model_validate_json(preprocessor.dump()))
    assert again.state == preprocessor.state


def test_whole_numbers_may_be_indices_as_they_are() -> None:
    preprocessor = one(Integers.of([1]), op="index", size=4)

    inputs, new = preprocessor.inspect({"x": Integers.of([0, 3, 4, -1, None, 2**62])})

    assert inputs["categorical"][:, 0].tolist() == [0, 3, 0, 0, 0, 0]
    assert new["x"].tolist() == [2, 3, 5]
    assert [(one.input, one.place, one.size) for one in preprocessor.indices] == [
        ("categorical", 0, 4)
    ]
