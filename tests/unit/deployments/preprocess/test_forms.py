"""Named inputs: numbers, indices, sequences and tensors of arrays."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from deployments.columns import Column, Integers, column_of, objects
from deployments.preprocess.base import Index
from deployments.stage.isolation import RowProblem
from tests.support.preprocessing import fitted

WORDS = column_of("array<string>", [["a", "b"], [], None, ["b", "b", "z"]])
VECTORS = column_of("array<float32>", [[1.5, 2.5], [0.0, -1.0], None])


def inputs_of(training: Column, served: Column | None = None, **form: Any) -> dict[str, Any]:
    preprocessor = fitted({"x": training}, inputs={"x": form})
    return dict(preprocessor.transform({"x": training if served is None else served}))


def numbers(training: Column, served: Column | None = None, **step: Any) -> list[list[float]]:
    made = inputs_of(training, served, numeric=[{"column": "x", **step}])["x"]
    assert made.dtype == np.float32
    values: list[list[float]] = made.tolist()
    return values


def test_only_the_inputs_that_are_named_are_made() -> None:
    columns = {"x": column_of("float64", [1, 3]), "y": column_of("string", ["a", "b"])}
    preprocessor = fitted(
        columns,
        numeric=[{"column": "x"}],
        inputs={
            "raw": {"numeric": [{"column": "x", "scale": "none"}], "squeeze": True},
            "word": {"categorical": [{"column": "y"}], "squeeze": True},
        },
    )

    inputs = preprocessor.transform(columns)

    assert {name: (one.dtype.name, one.shape) for name, one in inputs.items()} == {
        "numeric": ("float32", (2, 1)),
        "raw": ("float32", (2,)),
        "word": ("int64", (2,)),
    }
    assert preprocessor.names == {"numeric": ["x"], "raw": ["x"], "word": ["y"]}
    assert preprocessor.indices == [Index("word", None, "y", 3)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Integers.of([2**53 + 1, None]), [2.0**53, 0]),
        (column_of("decimal", [Decimal("1.25"), None]), [1.25, 0]),
        (column_of("bool", [True, None]), [1, 0]),
        (objects(["7.5", None]), [7.5, 0]),
        (objects([10**30, 10**400]), [1e30, 0]),
    ],
)
def test_numbers_of_any_type_are_numeric(column: Column, expected: Any) -> None:
    made = inputs_of(column_of("float64", [0]), column, numeric=[{"column": "x", "scale": "none"}])

    np.testing.assert_allclose(made["x"][:, 0], expected)


def test_one_hot_has_a_column_for_each_value_that_is_known() -> None:
    words = column_of("string", ["b", "a", "b", None])
    served = column_of("string", ["b", "z", None])
    preprocessor = fitted(
        {"x": words}, inputs={"x": {"numeric": [{"column": "x", "op": "one_hot"}]}}
    )

    inputs, unseen = preprocessor.inspect({"x": served})

    assert preprocessor.names == {"x": ["x=a", "x=b"]}
    assert inputs["x"].tolist() == [[0, 1], [0, 0], [0, 0]]
    assert unseen["x"].tolist() == [1]
    assert numbers(words, op="one_hot", min_count=2) == [[1], [0], [1], [0]]


def test_multi_hot_has_a_one_for_each_element_by_vocabulary_or_hash() -> None:
    preprocessor = fitted(
        {"x": WORDS[:3]}, inputs={"x": {"numeric": [{"column": "x", "op": "multi_hot"}]}}
    )
    hashed = numbers(WORDS, op="multi_hot", buckets=16)

    inputs, unseen = preprocessor.inspect({"x": WORDS})

    assert inputs["x"].tolist() == [[1, 1], [0, 0], [0, 0], [0, 1]]
    assert unseen["x"].tolist() == [3]
    assert [sum(row) for row in hashed] == [2, 0, 0, 2]
    assert np.shape(hashed) == (4, 16)


def test_an_array_is_passed_on_zeros_where_it_is_missing() -> None:
    block = column_of("array<float32, 2>", [[1.5, 2.5], [0.0, np.nan], None])

    assert numbers(VECTORS, op="array") == [[1.5, 2.5], [0, -1], [0, 0]]
    assert numbers(block, op="array", indicator=True) == [[1.5, 2.5, 0], [0, 0, 0], [0, 0, 1]]
    assert numbers(objects([[1, 2], None]), op="array") == [[1, 2], [0, 0]]


def test_arrays_of_several_lengths_are_sequences() -> None:
    several = column_of("array<int64>", [[1], [1, 2, 3]])

    with pytest.raises(ValueError, match="'x' cannot be prepared: its arrays have 1 to 3 elements"):
        numbers(several, op="array")
    with pytest.raises(RowProblem, match="no step can take what 'x' holds"):
        numbers(VECTORS, several, op="array")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 2, 0], [0, 0, 0], [0, 0, 0], [2, 2, 0]]),
        ({"max_length": 2}, [[1, 2], [0, 0], [0, 0], [2, 2]]),
        ({"max_length": 2, "keep": "last"}, [[1, 2], [0, 0], [0, 0], [2, 0]]),
        ({"length": 4}, [[1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [2, 2, 0, 0]]),
        ({"length": 1, "keep": "last"}, [[2], [0], [0], [0]]),
        ({"pad": "left"}, [[0, 1, 2], [0, 0, 0], [0, 0, 0], [2, 2, 0]]),
        ({"pad": "left", "length": 2, "keep": "last"}, [[1, 2], [0, 0], [0, 0], [2, 0]]),
    ],
)
def test_a_sequence_is_cut_and_padded(options: dict[str, Any], expected: list[list[int]]) -> None:
    form = {"sequence": {"column": "x", "op": "vocabulary"}, "mask": "m", "lengths": "n"}

    made = inputs_of(WORDS[:3], WORDS, **form, **options)

    most = len(expected[0])
    assert made["x"].tolist() == expected
    assert made["n"].tolist() == [min(2, most), 0, 0, min(3, most)]
    assert made["m"].sum(axis=1).tolist() == made["n"].tolist()
    assert (made["x"][~made["m"]] == 0).all()
    assert (made["x"].dtype, made["m"].dtype, made["n"].dtype) == (np.int64, np.bool_, np.int64)


def test_sequences_of_one_axis_have_one_length_whatever_each_of_them_lacks() -> None:
    columns = {"x": WORDS, "y": column_of("array<float64>", [[7.0], None, [1, 2, 3, 4], []])}
    numbers = {"column": "y", "op": "numeric", "scale": "none"}
    words = {"column": "x", "op": "vocabulary"}
    preprocessor = fitted(
        columns,
        inputs={
            "x": {"sequence": words, "axis": "steps", "mask": "m", "pad": "left"},
            "y": {"sequence": numbers, "axis": "steps"},
            "z": {"sequence": words},
        },
    )

    inputs = preprocessor.transform(columns)

    shapes = {name: values.shape for name, values in inputs.items()}
    assert shapes == {"x": (4, 4), "m": (4, 4), "y": (4, 4), "z": (4, 3)}
    assert inputs["x"].tolist() == [[0, 0, 1, 2], [0] * 4, [0] * 4, [0, 2, 2, 3]]
    assert inputs["y"].tolist() == [[7, 0, 0, 0], [0] * 4, [1, 2, 3, 4], [0] * 4]
    assert inputs["m"].sum(axis=1).tolist() == [2, 0, 0, 3]


@pytest.mark.parametrize("cells", [[None], [[]], []])
def test_a_sequence_has_a_place_even_where_no_row_has_an_element(cells: list[Any]) -> None:
    empty = column_of("array<string>", cells)

    made = inputs_of(WORDS, empty, sequence={"column": "x", "op": "vocabulary"}, mask="m")

    assert made["x"].shape == made["m"].shape == (len(cells), 1)
    assert not made["m"].any()


def test_numbers_in_a_sequence_are_scaled_by_all_elements_of_training() -> None:
    prices = column_of("array<float64>", [[1.0, 3.0], [5.0], [np.nan]])

    made = inputs_of(prices, sequence={"column": "x", "op": "numeric"})["x"]

    scale = np.std([1, 3, 5])
    np.testing.assert_allclose(made, np.array([[-2 / scale, 0], [2 / scale, 0], [0, 0]]), rtol=1e-6)


def test_a_sequence_of_arrays_has_three_dimensions() -> None:
    lists = column_of("array<array<float32>>", [[[1, 2], [3, 4]], None, [[5, 6]]])

    made = inputs_of(lists, sequence={"column": "x", "op": "array"}, lengths="n")

    assert made["x"].tolist() == [[[1, 2], [3, 4]], [[0, 0], [0, 0]], [[5, 6], [0, 0]]]
    assert made["n"].tolist() == [2, 0, 1]


def test_elements_that_training_has_not_seen_are_told_by_row() -> None:
    form = {"sequence": {"column": "x", "op": "vocabulary"}, "length": 2}
    preprocessor = fitted({"x": WORDS[:3]}, inputs={"x": form})

    assert preprocessor.inspect({"x": WORDS})[1] == {}  # the element is cut off
    _, unseen = preprocessor.inspect({"x": column_of("array<string>", [["z", "z"], ["a"]])})
    assert unseen["x"].tolist() == [0]
    assert preprocessor.indices == [Index("x", None, "x", 3)]


@pytest.mark.parametrize(
    ("column", "tensor", "expected"),
    [
        (column_of("float64", [1.5, None]), {}, [1.5, -1]),
        (Integers.of([2**60 + 1, None]), {"dtype": "int64"}, [2**60 + 1, -1]),
        (column_of("bool", [True, None]), {"dtype": "int64"}, [1, -1]),
        (column_of("decimal", [Decimal("0.5"), None]), {}, [0.5, -1]),
        (VECTORS[1:], {"shape": [2]}, [[0, -1], [-1, -1]]),
        (VECTORS[1:], {"shape": [2, 1]}, [[[0], [-1]], [[-1], [-1]]]),
        (
            column_of("array<array<int64>>", [[[1, 2], [3, 4]], None]),
            {"shape": [2, 2], "dtype": "int64"},
            [[[1, 2], [3, 4]], [[-1, -1], [-1, -1]]],
        ),
        (column_of("array<int64, 2>", [[0, 2**60 + 1]]), {"shape": [2], "dtype": "int64"}, None),
        (column_of("array<bool, 1>", [[True], [False]]), {"shape": [1], "dtype": "bool"}, None),
    ],
)
def test_a_value_is_passed_on(column: Column, tensor: dict[str, Any], expected: Any) -> None:
    made = inputs_of(column, tensor={"column": "x", "fill": -1, **tensor})["x"]

    assert made.dtype == tensor.get("dtype", "float32")
    assert made.tolist() == (column.tolist() if expected is None else expected)


@pytest.mark.parametrize(
    ("column", "tensor"),
    [
        (VECTORS, {"shape": [3]}),
        (column_of("array<float32, 2>", [[1, 2]]), {"shape": [3]}),
        (column_of("array<array<int64>>", [[[1, 2], [3]]]), {"shape": [2, 2]}),
        (column_of("array<string>", [["a", "b"]]), {"shape": [2]}),
        (column_of("string", ["a"]), {}),
        (column_of("float64", [1.5]), {"dtype": "int64"}),
        (column_of("string", ["a"]), {"shape": [1]}),
    ],
)
def test_a_value_of_another_shape_or_type_is_its_rows_problem(
    column: Column, tensor: dict[str, Any]
) -> None:
    with pytest.raises(RowProblem, match="no step can take what 'x' holds") as caught:
        inputs_of(column, tensor={"column": "x", **tensor})
    assert caught.value.column == "x"


def test_logarithms_are_of_numbers_and_of_each_element() -> None:
    derived = [{"name": "y", "op": "log1p", "of": "x"}]
    numbers = {"numeric": [{"column": "y", "scale": "none", "indicator": True}]}
    elements = {"sequence": {"column": "y", "op": "numeric", "scale": "none"}}
    plain = fitted({"x": column_of("float64", [1])}, derived=derived, inputs={"y": numbers})
    ragged = column_of("array<float64>", [[0.0, math.e - 1], None])
    each = fitted({"x": ragged}, derived=derived, inputs={"y": elements})

    made = plain.transform({"x": column_of("float64", [math.e - 1, -1, None])})["y"]

    np.testing.assert_allclose(made[:, 0], [1, np.log(2), np.log(2)], rtol=1e-6)
    assert made[:, 1].tolist() == [0, 1, 1]
    np.testing.assert_allclose(each.transform({"x": ragged})["y"], [[0, 1], [0, 0]], rtol=1e-6)
