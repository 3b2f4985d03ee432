"""Columns whose values are not JSON's: arrays [N, k] as tensors have them, bytes, NaN."""

from typing import Any

import numpy as np
import pytest

from app.serving.contract import Contract
from app.serving.errors import ErrorCode, InvalidRequest
from deployments.bundle.manifest import FieldSpec
from deployments.columns import Block
from tests.support.manifests import field, manifest


def contract(dtype: str, **limits: Any) -> Contract:
    spec = FieldSpec(name="x", dtype=dtype, example=None, **limits)
    return Contract(manifest(entities=[field("key")], request_features=[spec]))


def rows(dtype: str, values: Any, **limits: Any) -> list[Any]:
    return contract(dtype, **limits).rows({"key": ["a"] * len(values), "x": values})


@pytest.mark.parametrize("stored", ["f2", "f4", "f8", "i4", "u8"])
def test_blocks_are_rows(stored: str) -> None:
    of = contract("array<float32, 2>")
    block = np.array([[1, 2], [3, 4]], dtype=stored)

    rows = of.rows({"key": ["a", "b"], "x": block})

    column = of.columns(rows)["x"]
    assert isinstance(column, Block)
    np.testing.assert_array_equal(column.values, block)
    assert column.values.dtype == np.float32


def test_a_block_may_be_of_a_ragged_field() -> None:
    assert [row[1].tolist() for row in rows("array<int64>", np.array([[1], [2]]))] == [
        [1],
        [2],
    ]


@pytest.mark.parametrize(
    ("dtype", "values", "row", "told"),
    [
        ("array<float64, 3>", np.zeros((2, 2)), None, "got 2 elements a row"),
        ("array<float64>", np.zeros((1, 4097)), None, "got 4097 elements a row"),
        ("array<int64, 2>", np.zeros((2, 2)), None, "got float64"),
        ("array<bool, 2>", np.zeros((2, 2), int), None, "got int64"),
        ("array<float64, 2>", np.array([[0, 1], [0, np.nan]]), 1, "a list of 2 numbers"),
        ("array<float32, 2>", np.array([[0, 1], [0, 1e39]]), 1, "a list of 2 numbers"),
        ("array<int64, 1>", np.array([[0], [2**63]], np.uint64), 1, "a list of 1 integers"),
    ],
)
def test_blocks_are_judged_as_lists_are(
    dtype: str, values: Any, row: int | None, told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told) as caught:
        rows(dtype, values)

    assert (caught.value.field, caught.value.row) == ("x", row)


def test_blocks_have_ranges() -> None:
    with pytest.raises(InvalidRequest) as caught:
        rows("array<float64, 1>", np.array([[1.0], [2.0], [3.0]]), maximum=2)

    assert (caught.value.code, caught.value.row) == (ErrorCode.OUT_OF_RANGE, 2)


def test_bytes_of_a_column_may_be_raw() -> None:
    assert contract("bytes").rows({"key": ["a"], "x": [b"\x00\xff"]}) == [("a", b"\x00\xff")]


def test_no_number_of_an_optional_column_is_missing() -> None:
    rows = contract("float64", optional=True).rows({"key": ["a"], "x": [float("nan")]})

    assert rows == [("a", None)]
