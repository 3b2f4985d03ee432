import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from deployments.bundle.manifest import OutputSpec
from deployments.frames import TensorFrame
from deployments.model.backends.base import BACKENDS, Runtime
from deployments.model.backends.onnx_runtime import providers
from deployments.model.options import ModelOptions
from deployments.onnx_graph import has_cuda
from tests.support.manifests import PARCELS
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

BACKEND = BACKENDS["onnxruntime_onnx"]
CPU = ModelOptions(device="cpu")

Values = dict[str, np.ndarray]


def loaded(
    program: Path, names: Sequence[str], inputs: Values, options: ModelOptions = CPU
) -> Runtime:
    outputs = [OutputSpec(name=name) for name in names]
    return BACKEND.load(program, outputs, TensorFrame(PARCELS, inputs), options)


def answered(program: Path, names: Sequence[str], inputs: Values) -> Any:
    return loaded(program, names, inputs).run(TensorFrame(PARCELS, inputs))


def ones(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


def test_inputs_and_outputs_go_by_name(tmp_path: Path) -> None:
    program = copies(tmp_path, ("a", FLOAT, [None, 2]), ("b", FLOAT, [None, 2]))

    found = answered(program, ["b_out", "a_out"], {"b": 2 * ones(3, 2), "a": ones(3, 2)})

    assert list(found) == ["b_out", "a_out"]
    assert found["a_out"].tolist() == [[1, 1]] * 3
    assert found["b_out"].tolist() == [[2, 2]] * 3


def test_outputs_that_the_contract_does_not_name_are_left_out(tmp_path: Path) -> None:
    program = copies(tmp_path, ("a", FLOAT, [None, 2]), ("b", FLOAT, [None, 2]))

    assert list(answered(program, ["b_out"], {"a": ones(1, 2), "b": ones(1, 2)})) == ["b_out"]


def test_names_that_the_program_has_not_are_those_of_its_outputs_in_order(tmp_path: Path) -> None:
    program = copies(tmp_path, ("a", FLOAT, [None, 2]), ("b", FLOAT, [None]))

    found = answered(program, ["score", "price"], {"a": ones(1, 2), "b": ones(1)})

    assert (found["score"].shape, found["price"].shape) == ((1, 2), (1,))


@pytest.mark.parametrize("names", [["a_out", "c"], ["c"], ["c", "d", "e"]])
def test_an_output_that_is_not_there_is_named(tmp_path: Path, names: list[str]) -> None:
    program = copies(tmp_path, ("a", FLOAT, [None, 2]), ("b", FLOAT, [None]))

    with pytest.raises(ValueError, match=r"the outputs \['a_out', 'b_out'\], the contract names"):
        loaded(program, names, {"a": ones(1, 2), "b": ones(1)})


def test_a_single_input_has_any_name_and_an_input_of_no_columns_none(tmp_path: Path) -> None:
    program = copies(tmp_path, ("X", FLOAT, [None, 2]))
    inputs = {"numeric": ones(2, 2), "categorical": np.zeros((2, 0), np.int64)}

    assert answered(program, ["X_out"], inputs)["X_out"].tolist() == [[1, 1]] * 2


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"a": ones(1, 2)}, "takes 'a', 'b', preprocessing makes 'a': name the arguments"),
        (
            {"a": ones(1, 2), "b": ones(1), "c": ones(1)},
            "takes 'a', 'b', preprocessing makes 'a', 'b', 'c'",
        ),
        ({"a": ones(1, 3), "b": ones(1)}, r"'a' as float32 \[N, 2\], and .* float32 \[N, 3\]"),
        ({"a": ones(1, 2), "b": ones(1, 2)}, r"'b' as float32 \[N\], and .* float32 \[N, 2\]"),
        ({"a": ones(1), "b": ones(1)}, r"'a' as float32 \[N, 2\], and .* float32 \[N\]"),
    ],
)
def test_an_input_that_does_not_fit_is_named(tmp_path: Path, inputs: Values, problem: str) -> None:
    program = copies(tmp_path, ("a", FLOAT, [None, 2]), ("b", FLOAT, [None]))

    with pytest.raises(ValueError, match=problem):
        loaded(program, ["a_out", "b_out"], inputs)


def typed(dtype: int) -> Tensor:
    return ("x", dtype, [None, 2])


@pytest.mark.parametrize(
    ("taken", "made", "answers"),
    [
        (FLOAT, "float32", "float32"),
        (TensorProto.FLOAT16, "float32", "float16"),
        (TensorProto.DOUBLE, "float32", "float64"),
        (FLOAT, "int64", "float32"),
        (FLOAT, "bool", "float32"),
        (INT64, "int64", "int64"),
        (TensorProto.INT32, "int64", "int32"),
        (TensorProto.UINT8, "int64", "uint8"),
        (INT64, "bool", "int64"),
        (BOOL, "bool", "bool"),
    ],
)
def test_inputs_are_cast_to_what_the_program_takes_and_answers_keep_their_type(
    tmp_path: Path, taken: int, made: str, answers: str
) -> None:
    found = answered(copies(tmp_path, typed(taken)), ["x_out"], {"x": ones(3, 2, dtype=made)})

    assert found["x_out"].dtype == answers
    assert (found["x_out"] == 1).all()


def test_bfloat16_is_taken(tmp_path: Path) -> None:
    program = written(
        tmp_path / "b.onnx",
        [node("Cast", "x", "y", to=FLOAT)],
        [typed(TensorProto.BFLOAT16)],
        [("y", FLOAT, [None, 2])],
    )

    found = answered(program, ["y"], {"x": 1.001 * ones(3, 2)})

    assert found["y"].tolist() == [[1, 1]] * 3


@pytest.mark.parametrize(
    ("taken", "made", "problem"),
    [
        (INT64, "float32", "'x' as int64 .*, and preprocessing makes float32"),
        (BOOL, "int64", "'x' as bool .*, and preprocessing makes int64"),
        (BOOL, "float32", "'x' as bool .*, and preprocessing makes float32"),
        (STRING, "float32", "'x' as string .*, and preprocessing makes float32"),
        (FLOAT, "object", "'x' as float32 .*, and preprocessing makes object"),
    ],
)
def test_what_could_only_be_cast_by_losing_its_kind_is_refused(
    tmp_path: Path, taken: int, made: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        loaded(copies(tmp_path, typed(taken)), ["x_out"], {"x": ones(1, 2, dtype=made)})


@pytest.mark.parametrize(("shape", "made"), [([None], (3, 1)), ([None, 1], (3,))])
def test_a_number_per_row_has_either_form(
    tmp_path: Path, shape: list[int | None], made: tuple[int, ...]
) -> None:
    program = copies(tmp_path, ("x", TensorProto.DOUBLE, shape))

    assert answered(program, ["x_out"], {"x": ones(*made)})["x_out"].tolist() == [1] * 3


def test_rows_of_any_length_are_taken_and_those_of_none_have_a_zero(tmp_path: Path) -> None:
    largest = node("ReduceMax", "x axes", "y", keepdims=0)
    axes = helper.make_tensor("axes", INT64, [1], [1])
    program = written(
        tmp_path / "largest.onnx",
        [largest],
        [("x", FLOAT, [None, None])],
        [("y", FLOAT, [None])],
        weights=[axes],
    )
    runtime = loaded(program, ["y"], {"x": ones(2, 3)})

    for length, found in ((1, [1, 1]), (7, [1, 1]), (0, [0, 0])):
        assert runtime.run(TensorFrame(PARCELS, {"x": ones(2, length)}))["y"].tolist() == found


def test_a_whole_number_that_is_out_of_range_becomes_no_other(tmp_path: Path) -> None:
    inputs = {"x": ones(1, 2, dtype="int64")}
    runtime = loaded(copies(tmp_path, typed(TensorProto.INT32)), ["x_out"], inputs)

    with pytest.raises(ValueError, match="could not"):
        runtime.run(TensorFrame(PARCELS, {"x": np.array([[2**31, 1]])}))


def test_text_goes_in_and_comes_out(tmp_path: Path) -> None:
    words = np.array([["a", ""], ["é", "x" * 300]], dtype=object)

    found = answered(copies(tmp_path, typed(STRING)), ["x_out"], {"x": words})

    assert found["x_out"].tolist() == words.tolist()


def test_a_column_of_width_one_is_a_number_per_row(tmp_path: Path) -> None:
    found = answered(copies(tmp_path, ("x", FLOAT, [None, 1])), ["x_out"], {"x": ones(4, 1)})

    assert found["x_out"].tolist() == [1] * 4


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_a_program_for_one_row_gets_one_at_a_time(tmp_path: Path, rows: int) -> None:
    inputs = {"x": np.arange(2.0 * rows, dtype=np.float32).reshape(rows, 2)}

    runtime = loaded(copies(tmp_path, ("x", FLOAT, [1, 2])), ["x_out"], inputs)

    assert runtime.max_rows == 1
    found = runtime.run(TensorFrame(PARCELS, inputs))
    np.testing.assert_array_equal(found["x_out"], inputs["x"])


def test_a_program_for_some_number_of_rows_alone_is_refused(tmp_path: Path) -> None:
    program = copies(tmp_path, ("x", FLOAT, [8, 2]))

    with pytest.raises(ValueError, match="for exactly 8 rows of 'x': export it for any"):
        loaded(program, ["x_out"], {"x": ones(8, 2)})
    with pytest.raises(ValueError, match="for exactly 8 rows of 'x': export it for any"):
        BACKEND.signature(program)


@pytest.mark.parametrize(
    ("weight", "coarsest"),
    [("float32", "float32"), ("int64", "float32"), ("float16", "float16")],
)
def test_the_coarsest_float_that_it_computes_in_is_told(
    tmp_path: Path, weight: str, coarsest: str
) -> None:
    weights = [numpy_helper.from_array(np.ones(2, weight), "weight")]
    nodes = [node("Cast", "weight", "w", to=FLOAT), node("Add", "x w", "y")]
    program = written(
        tmp_path / "c.onnx", nodes, [typed(FLOAT)], [("y", FLOAT, [None, 2])], weights=weights
    )

    assert loaded(program, ["y"], {"x": ones(1, 2)}).coarsest == coarsest


def test_a_cast_to_bfloat16_is_coarse(tmp_path: Path) -> None:
    rounded = [node("Cast", "x", "r", to=TensorProto.BFLOAT16), node("Cast", "r", "y", to=FLOAT)]
    program = written(tmp_path / "r.onnx", rounded, [typed(FLOAT)], [("y", FLOAT, [None, 2])])

    assert loaded(program, ["y"], {"x": ones(1, 2)}).coarsest == "bfloat16"


def maps(folder: Path) -> Path:
    """Answers what a classifier does whose converter was left to its defaults."""
    scores = helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, []))
    value = helper.make_value_info("maps", helper.make_sequence_type_proto(scores))
    zipped = node("ZipMap", "x", "maps", domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    path = written(folder / "maps.onnx", [zipped], [typed(FLOAT)], [])
    model = onnx.load(path)
    model.graph.output.append(value)
    path.write_bytes(model.SerializeToString())
    return path


def test_scores_as_maps_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'maps' is seq\(map\(.*with the option zipmap=False"):
        loaded(maps(tmp_path), ["maps"], {"x": ones(1, 2)})
    assert not BACKEND.signature(maps(tmp_path)).outputs


def test_a_program_says_what_it_takes_and_answers(tmp_path: Path) -> None:
    found = BACKEND.signature(copies(tmp_path, ("a", FLOAT, [1, 2]), ("b", STRING, [1, None])))

    assert found.inputs == [("a", "float32", (1, 2)), ("b", "string", (1, None))]
    assert found.outputs == [("a_out", "float32", (None, 2)), ("b_out", "string", (None, None))]
    assert found.max_rows == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"precision": "bfloat16"}, "precision: bfloat16 is for torch programs"),
        ({"cuda_graphs": "on"}, "cuda_graphs: on is for torch programs"),
    ],
)
def test_options_of_torch_are_not_silently_left_out(
    tmp_path: Path, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(RuntimeError, match=problem):
        loaded(
            copies(tmp_path, typed(FLOAT)), ["x_out"], {"x": ones(1, 2)}, ModelOptions(**options)
        )


@pytest.mark.skipif(has_cuda(), reason="this onnxruntime is the one for GPUs")
def test_a_gpu_is_taken_only_where_there_is_one_and_never_silently_replaced() -> None:
    assert providers("auto") == providers("cpu") == ("CPUExecutionProvider",)
    with pytest.raises(RuntimeError, match="without CUDA: install onnxruntime-gpu"):
        providers("cuda")


@pytest.mark.parametrize("threads", [1, 3])
def test_the_threads_are_those_configured(tmp_path: Path, threads: int) -> None:
    process = psutil.Process(os.getpid())
    program, inputs = copies(tmp_path, typed(FLOAT)), {"x": ones(1, 2)}
    before = process.num_threads()

    runtime = loaded(program, ["x_out"], inputs, ModelOptions(device="cpu", threads=threads))

    # The caller's own is one of them.
    assert process.num_threads() - before == threads - 1
    assert runtime.inline
