import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from deployments.columns import (
    Block,
    Column,
    Integers,
    Ragged,
    column_of,
    joined,
    key_column,
    missing_of,
)

_BIG = 2**53 + 1

_CELLS: dict[str, list[Any]] = {
    "string": ["a", "", None, "b"],
    "bytes": [b"", b"\x00", None, b"a"],
    "decimal": [Decimal("0.10"), None, Decimal(3), Decimal("NaN")],
    "int64": [_BIG, None, -_BIG, 0],
    "float64": [0.5, 1.0, -2.0, 1e300],
    "json": [{"a": [1]}, [1, 2], None, [3, 4]],
    "array<array<int64>>": [[[1], []], None, [], [[2]]],
    "array<int64>": [[1, _BIG], None, [], [3]],
    "array<float32>": [[0.5], [1.0, 2.0], None, []],
    "array<bool>": [[True], [], None, [False, True]],
    "set<string>": [["a", "b"], None, [], ["c"]],
    "array<float64, 2>": [[1.0, 2.0], None, [3.0, 4.0], [5.0, 6.0]],
    "array<string, 1>": [["a"], None, ["b"], ["c"]],
}


@pytest.fixture(params=_CELLS)
def cells(request: pytest.FixtureRequest) -> tuple[str, list[Any]]:
    return request.param, _CELLS[request.param]


def same(column: Column, expected: list[Any]) -> None:
    assert len(column) == len(expected)
    assert str(column.tolist()) == str(expected)  # a NaN is not itself


def test_a_column_gives_back_its_cells(cells: tuple[str, list[Any]]) -> None:
    dtype, values = cells

    same(column_of(dtype, values), values)
    same(column_of(dtype, iter(values)), values)
    same(column_of(dtype, []), [])


def test_a_column_gives_parts_of_itself(cells: tuple[str, list[Any]]) -> None:
    dtype, values = cells
    column = column_of(dtype, values)

    same(column[1:3], values[1:3])
    same(column[::2], values[::2])
    same(column[2:2], [])
    same(column[::-1], values[::-1])
    same(column[np.array([3, 0, 3])], [values[3], values[0], values[3]])
    same(column[np.array([True, False, False, True])], [values[0], values[3]])
    same(column[1:4][np.array([2])], [values[3]])
    same(column[np.array([], dtype=np.intp)], [])


def test_columns_are_joined(cells: tuple[str, list[Any]]) -> None:
    dtype, values = cells
    column = column_of(dtype, values)

    same(joined([column[:1], column[1:1], column[1:]]), values)
    assert joined([column]) is column


def test_a_column_survives_the_way_between_processes(cells: tuple[str, list[Any]]) -> None:
    dtype, values = cells

    same(pickle.loads(pickle.dumps(column_of(dtype, values))), values)


def test_what_is_missing_is_told_apart_from_what_is_empty(cells: tuple[str, list[Any]]) -> None:
    dtype, values = cells

    assert missing_of(column_of(dtype, values)).tolist() == [one is None for one in values]


def test_integer_keys_keep_all_their_bits() -> None:
    column = key_column("int64", [_BIG, -(2**63)])

    assert column.dtype == np.int64
    assert column.tolist() == [_BIG, -(2**63)]


@pytest.mark.parametrize("dtype", ["float64", "bool", "timestamp"])
def test_numbers_become_floats_with_nan_for_missing(dtype: str) -> None:
    column = column_of(dtype, [1, None, True])

    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, [1.0, np.nan, 1.0])


def test_missing_numbers_are_nan() -> None:
    assert missing_of(column_of("bool", [True, None])).tolist() == [False, True]
    assert missing_of(key_column("int64", [1, 2])).tolist() == [False, False]


def test_integers_stay_whole_beside_their_floats() -> None:
    column = column_of("int64", [_BIG, None, 2**63 - 1])

    assert isinstance(column, Integers)
    assert column.values.tolist() == [_BIG, 0, 2**63 - 1]
    np.testing.assert_array_equal(column.floats, [2.0**53, np.nan, 2.0**63])


def test_integers_beyond_64_bits_are_refused() -> None:
    with pytest.raises(OverflowError):
        column_of("int64", [2**63])


def test_a_block_refuses_another_length() -> None:
    with pytest.raises(ValueError, match="an array has 1 elements, 2 are needed"):
        column_of("array<float64, 2>", [[1.0, 2.0], [3.0]])


def test_ragged_arrays_of_one_length_are_a_block() -> None:
    ragged = column_of("array<float32>", [[1.0, 2.0], [3.0, 4.0]])
    assert isinstance(ragged, Ragged)

    block = ragged.block(2)

    assert isinstance(block, Block)
    assert block.values.dtype == np.float32
    assert np.shares_memory(block.values, ragged.values)


def test_arrays_are_taken_as_they_come() -> None:
    column = column_of("array<float32>", [np.array([1.0, 2.0]), None, [3.0]])

    assert isinstance(column, Ragged)
    same(column, [[1.0, 2.0], None, [3.0]])
    assert column.values.dtype == np.float32
    assert [cell if cell is None else cell.dtype for cell in column.cells()] == [
        np.float32,
        None,
        np.float32,
    ]
