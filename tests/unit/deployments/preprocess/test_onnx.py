import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from deployments.bundle.manifest import PreprocessingSpec
from deployments.columns import Column, column_of, key_column
from deployments.dtypes import DType
from deployments.preprocess.onnx import OnnxPreprocessor, read
from deployments.stage.isolation import RowProblem
from tests.support.onnx_graphs import (
    BOOL,
    FLOAT,
    INT64,
    STRING,
    Tensor,
    copies,
    node,
    written,
)

DOUBLE = TensorProto.DOUBLE


def made(folder: Path, tensor: Tensor, column: Column) -> Any:
    """What the graph gets of a column that it takes like this."""
    name = tensor[0]
    inputs = read(copies(folder, tensor)).transform({name: column})
    return inputs[f"{name}_out"]


def test_columns_go_in_by_name_and_inputs_of_the_program_come_out(tmp_path: Path) -> None:
    path = written(
        tmp_path / "p.onnx",
        [node("Concat", "age income", "numeric", axis=1), node("Identity", "store", "ids")],
        [("store", INT64, [None]), ("age", FLOAT, [None, 1]), ("income", FLOAT, [None, 1])],
        [("numeric", FLOAT, [None, 2]), ("ids", INT64, [None])],
    )
    preprocessor = read(path)
    columns = {
        "age": column_of("float64", [30.5, None]),
        "income": column_of("int64", [None, 7]),
        "store": key_column("int64", [3, 2**62 + 1]),
        "unread": column_of("json", [{}, None]),
    }

    inputs, unseen = preprocessor.inspect(columns)

    assert preprocessor.inputs == ["store", "age", "income"]
    np.testing.assert_array_equal(inputs["numeric"], [[30.5, np.nan], [np.nan, 7]])
    assert inputs["numeric"].dtype == np.float32
    assert inputs["ids"].tolist() == [3, 2**62 + 1]
    assert not unseen


def test_a_bundle_holds_the_graph(tmp_path: Path) -> None:
    path = copies(tmp_path, ("x", FLOAT, [None, 1]))

    preprocessor = read(path)

    assert preprocessor.manifest == PreprocessingSpec(kind="onnx", file="preprocess.onnx")
    assert preprocessor.files() == {"preprocess.onnx": path.read_bytes()}


NAN = float("nan")


@pytest.mark.parametrize(
    ("dtype", "cells", "kind", "found"),
    [
        ("float64", [1.5, None], FLOAT, [1.5, NAN]),
        ("float64", [1e300, -1e300], FLOAT, [3.4028235e38, -3.4028235e38]),
        ("float64", [float("inf"), 1], FLOAT, [NAN, 1]),
        ("bool", [True, None], FLOAT, [1, NAN]),
        ("timestamp", [1.7e9 + 1, None], DOUBLE, [1.7e9 + 1, NAN]),
        ("int64", [2**53 - 1, None], DOUBLE, [2**53 - 1, NAN]),
        ("int64", [2**62 + 1, -3], INT64, [2**62 + 1, -3]),
        ("int64", [200, 3], TensorProto.UINT8, [200, 3]),
        ("bool", [True, False], BOOL, [True, False]),
        ("bool", [True, False], INT64, [1, 0]),
        ("string", ["a", "", None], STRING, ["a", "", ""]),
        ("uuid", ["3f0c", None], STRING, ["3f0c", ""]),
        ("int64", [2**62 + 1, None], STRING, [str(2**62 + 1), ""]),
    ],
)
def test_scalars_reach_the_graph_as_it_takes_them(
    tmp_path: Path, dtype: DType, cells: list[Any], kind: int, found: list[Any]
) -> None:
    column = column_of(dtype, cells)

    shapes: list[list[int | None]] = [[None], [None, 1]]
    for shape in shapes:
        values = made(tmp_path, ("x", kind, shape), column)

        wanted = np.array(found, dtype=object if kind == STRING else values.dtype)
        np.testing.assert_array_equal(values, wanted.reshape([-1, *[1] * (len(shape) - 1)]))


@pytest.mark.parametrize(
    ("dtype", "cells", "kind", "found"),
    [
        ("array<float32, 2>", [[1, 2], None], FLOAT, [[1, 2], [NAN, NAN]]),
        ("array<int64, 2>", [[1, 2], None], FLOAT, [[1, 2], [NAN, NAN]]),
        ("array<int64, 2>", [[1, 2**62], [3, 4]], INT64, [[1, 2**62], [3, 4]]),
        ("array<string, 2>", [["a", ""], None], STRING, [["a", ""], ["", ""]]),
        ("array<int64, 2>", [[1, 2], None], STRING, [["1", "2"], ["", ""]]),
    ],
)
def test_arrays_of_one_length_reach_the_graph_whole(
    tmp_path: Path, dtype: DType, cells: list[Any], kind: int, found: list[Any]
) -> None:
    values = made(tmp_path, ("x", kind, [None, 2]), column_of(dtype, cells))

    wanted = np.array(found, dtype=object if kind == STRING else values.dtype)
    np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize(
    ("dtype", "cells", "kind", "problem"),
    [
        ("float64", [1.5], INT64, "same_value"),
        ("int64", [300], TensorProto.UINT8, "same_value"),
        ("string", ["a"], FLOAT, "could not convert"),
        ("float64", [1.5], STRING, "1.5 is no text"),
        ("decimal", [Decimal(1)], STRING, r"Decimal\('1'\) is no text"),
        ("bytes", [b"a"], STRING, "b'a' is no text"),
        ("json", [{"a": 1}], FLOAT, "a dict is no number"),
        ("array<int64>", [[1]], INT64, "its arrays are of any length: the graph takes those of"),
        ("set<string>", [["a"]], STRING, "its arrays are of any length"),
    ],
)
def test_a_column_that_the_graph_cannot_take_is_named(
    tmp_path: Path, dtype: DType, cells: list[Any], kind: int, problem: str
) -> None:
    with pytest.raises(RowProblem, match=r"'x' cannot be the \w+ that the graph takes") as found:
        made(tmp_path, ("x", kind, [None, 1]), column_of(dtype, cells))

    assert found.value.column == "x"
    assert re.search(problem, str(found.value.__cause__))


@pytest.mark.parametrize(
    ("dtype", "cells", "kind"),
    [
        ("int64", [1, None], INT64),
        ("bool", [True, None], BOOL),
        ("array<int64, 1>", [[1], None], INT64),
    ],
)
def test_what_has_no_value_for_missing_is_named_where_it_is(
    tmp_path: Path, dtype: DType, cells: list[Any], kind: int
) -> None:
    with pytest.raises(RowProblem, match=r"^'x' is missing, which the \w+ that the graph") as found:
        made(tmp_path, ("x", kind, [None, 1]), column_of(dtype, cells))

    assert found.value.column == "x"


def test_an_array_of_another_length_is_named(tmp_path: Path) -> None:
    column = column_of("array<int64, 3>", [[1, 2, 3]])

    with pytest.raises(ValueError, match="invalid dimensions for input: x"):
        made(tmp_path, ("x", INT64, [None, 2]), column)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="x"):
        read(copies(tmp_path, ("x", FLOAT, [None, 1]))).transform({"y": np.ones(1)})


def test_a_graph_that_makes_no_row_for_a_row_is_refused(tmp_path: Path) -> None:
    total = node("ReduceSum", "x", "y", keepdims=1)
    path = written(tmp_path / "t.onnx", [total], [("x", FLOAT, [None, 1])], [("y", FLOAT, None)])

    with pytest.raises(ValueError, match=r"makes 'y' of the shape \[1, 1\] for 2 rows"):
        OnnxPreprocessor(path).transform({"x": np.ones(2)})


def test_a_graph_for_some_number_of_rows_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the graph takes 1 rows of 'x' alone: write it for"):
        read(copies(tmp_path, ("x", FLOAT, [1, 1])))


def test_an_output_that_is_no_tensor_numpy_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"output 'x_out' is bfloat16: cast it to float"):
        read(copies(tmp_path, ("x", TensorProto.BFLOAT16, [None, 1])))
