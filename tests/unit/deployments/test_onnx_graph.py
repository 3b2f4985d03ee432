import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from deployments.onnx_graph import OnnxGraph
from tests.support.onnx_graphs import FLOAT, INT64, STRING, Tensor, copies, node, written
from tests.support.serve import ROOT

X: Tensor = ("x", FLOAT, [None, 2])
Y: Tensor = ("y", FLOAT, [None, 2])


def test_a_graph_says_what_it_takes_and_answers(tmp_path: Path) -> None:
    graph = OnnxGraph(
        copies(
            tmp_path,
            ("wide", FLOAT, [None, 4]),
            ("half", onnx.TensorProto.FLOAT16, [1]),
            ("words", STRING, [None, None]),
            ("any", INT64, None),
        )
    )

    assert graph.inputs == [
        ("wide", "float32", (None, 4)),
        ("half", "float16", (1,)),
        ("words", "string", (None, None)),
        ("any", "int64", ()),
    ]
    assert [one.name for one in graph.outputs] == ["wide_out", "half_out", "words_out", "any_out"]


def branch(name: str, inner: onnx.NodeProto) -> onnx.GraphProto:
    return helper.make_graph([inner], name, [], [helper.make_tensor_value_info(*Y)])


def test_an_operator_of_another_domain_is_named_wherever_it_stands(tmp_path: Path) -> None:
    gelu = node("Gelu", "x", "y", domain="com.microsoft")
    hidden = node(
        "If", "yes", "y", then_branch=branch("then", gelu), else_branch=branch("else", gelu)
    )
    yes = helper.make_tensor("yes", onnx.TensorProto.BOOL, [], [True])
    for nodes in ([gelu], [hidden]):
        path = written(
            tmp_path / "g.onnx", nodes, [X], [Y], weights=[yes], domains=["com.microsoft"]
        )

        with pytest.raises(ValueError, match=r"g\.onnx uses the operator Gelu of 'com.microsoft'"):
            OnnxGraph(path)


def test_a_function_of_the_file_itself_is_run_where_it_is_made_of_standard_operators(
    tmp_path: Path,
) -> None:
    def file(operator: str, domain: str) -> Path:
        twice = helper.make_function(
            "mine",
            "Twice",
            ["a"],
            ["b"],
            [node(operator, "a a", "b", domain=domain)],
            [helper.make_opsetid("", 21), helper.make_opsetid("theirs", 1)],
        )
        call = node("Twice", "x", "y", domain="mine")
        domains = ["mine", "theirs"]
        return written(tmp_path / "f.onnx", [call], [X], [Y], functions=[twice], domains=domains)

    (doubled,) = OnnxGraph(file("Add", "")).run(["y"], {"x": np.ones((1, 2), np.float32)})

    assert doubled.tolist() == [[2, 2]]
    with pytest.raises(ValueError, match="the operator Sum of 'theirs'"):
        OnnxGraph(file("Sum", "theirs"))


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((1, 2), np.float32), "weight")
    path = written(tmp_path / "w.onnx", [node("Add", "x weight", "y")], [X], [Y], weights=[weight])
    OnnxGraph(path)
    apart: dict[str, Any] = {
        "save_as_external_data": True,
        "location": "w.bin",
        "size_threshold": 0,
    }
    onnx.save_model(onnx.load(path), path, **apart)

    with pytest.raises(ValueError, match=r"keeps 'weight' in another file: save it in one"):
        OnnxGraph(path)


def test_what_is_no_graph_is_refused_by_name(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"\x0a\xff no protobuf")
    with pytest.raises(ValueError, match=r"garbage\.onnx is no ONNX file"):
        OnnxGraph(garbage)

    unknown = written(tmp_path / "unknown.onnx", [node("Nonesuch", "x", "y")], [X], [Y])
    with pytest.raises(ValueError, match=r"no graph that onnxruntime [\d.]+ can load: .*Nonesuch"):
        OnnxGraph(unknown)


def test_a_graph_of_a_version_to_come_is_refused_with_what_is_known(tmp_path: Path) -> None:
    path = written(tmp_path / "later.onnx", [node("Neg", "x", "y")], [X], [Y])
    model = onnx.load(path)
    model.ir_version = 99
    path.write_bytes(model.SerializeToString())

    with pytest.raises(ValueError, match=r"later\.onnx is no graph .* can load: .*version: 99"):
        OnnxGraph(path)


def test_what_fails_is_told_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    graph = OnnxGraph(written(tmp_path / "n.onnx", [node("Neg", "x", "y")], [X], [Y]))

    with pytest.raises(ValueError, match=r"^Got invalid dimensions for input: x"):
        graph.run(["y"], {"x": np.ones((3, 3), np.float32)})
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("absent", ["onnx", "onnxruntime"])
def test_an_absent_library_says_what_to_install(absent: str) -> None:
    code = f"import sys; sys.modules[{absent!r}] = None; import deployments.onnx_graph"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert f"ONNX files need {absent}, which is not installed: pip install" in done.stderr
