"""ONNX files as `windsock bundle` takes them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import Bundle, BundleStore
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from deployments.preprocess.base import load as load_preprocessing
from tests.support.bundling import Command
from tests.support.example import NAME, Example
from tests.support.onnx_graphs import FLOAT, INT64, STRING, node, written
from tests.support.unstarted import unstarted
from training.bundling.init.project import Given, drafts

COLUMN = [None, 1]


@pytest.fixture
def command(example: Example, tmp_path: Path) -> Command:
    return Command(example, tmp_path)


def two_answers(command: Command) -> Path:
    """A program that takes columns: the price of an order, by what the buyer likes best."""
    likes = node(
        "LabelEncoder",
        "favourite",
        "liked",
        domain="ai.onnx.ml",
        keys_strings=["books", ""],
        values_floats=[2.0, 3.0],
        default_float=1.0,
    )
    return written(
        command.folder / "model.onnx",
        [
            likes,
            node("Cast", "quantity", "number", to=FLOAT),
            node("Mul", "number liked", "return_probability"),
            node("Concat", "number liked", "delivery_days", axis=1),
        ],
        [
            ("quantity", INT64, COLUMN),  # a field of the request
            ("favourite", STRING, COLUMN),  # a feature, by what its view calls it
        ],
        [("return_probability", FLOAT, COLUMN), ("delivery_days", FLOAT, [None, 2])],
    )


def opened(command: Command, folder: Path) -> Bundle:
    return BundleStore(command.models).open(ModelId(NAME, folder.name))


def test_an_onnx_program_without_preprocessing_takes_the_columns_that_it_names(
    command: Command,
) -> None:
    command.options["--program"] = str(two_answers(command))
    del command.options["--preprocess"]
    (command.folder / "preprocess.yaml").unlink()

    bundle = opened(command, command())  # it is started once, in an interpreter of its own

    assert bundle.manifest.libraries.keys() == {"onnxruntime", "numpy", "feast"}
    preprocessor = load_preprocessing(bundle)
    assert preprocessor.inputs == ["quantity", "buyer__favourite"]
    golden = bundle.golden()
    frame = TensorFrame(bundle.manifest.id, preprocessor.transform(golden.columns))
    outputs = load(bundle, ModelOptions(device="cpu")).run(frame)
    favourites = golden.columns["buyer__favourite"].tolist()
    liked = [{"books": 2.0, None: 3.0}.get(one, 1.0) for one in favourites]
    assert {2.0, 3.0, 1.0} == set(liked)
    assert outputs["delivery_days"][:, 1].tolist() == liked
    np.testing.assert_array_equal(
        outputs["return_probability"], outputs["delivery_days"].prod(axis=1)
    )


def test_a_graph_may_prepare_for_a_program_of_torch(command: Command) -> None:
    with unstarted():
        declared = opened(command, command())
        inputs = load_preprocessing(declared).transform(declared.golden().columns)
        width, count = inputs["numeric"].shape[1], inputs["categorical"].shape[1]
        command.options["--preprocess"] = str(
            written(
                command.folder / "mine.onnx",
                [
                    node("Concat", " ".join(["quantity"] * width), "raw", axis=1),
                    node("Cast", "raw", "numeric", to=FLOAT),
                    node("Sub", "quantity quantity", "none"),
                    node("Concat", " ".join(["none"] * count), "categorical", axis=1),
                ],
                [("quantity", INT64, COLUMN)],
                [("numeric", FLOAT, [None, width]), ("categorical", INT64, [None, count])],
            )
        )

        bundle = opened(command, command())

    assert bundle.manifest.preprocessing.kind == "onnx"
    assert load_preprocessing(bundle).inputs == ["quantity"]
    load(bundle, ModelOptions(device="cpu"))


def refused(command: Command, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended, unstarted():
        command()
    assert ended.value.code == 2
    assert not command.models.exists()
    return " ".join(capsys.readouterr().err.split())


def test_a_program_of_torch_needs_preprocessing(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    del command.options["--preprocess"]
    (command.folder / "preprocess.yaml").unlink()

    assert "model.pt2 needs --preprocess: only a program in .onnx takes" in refused(command, capsys)


def test_an_input_that_is_no_column_is_named(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    del command.options["--preprocess"]
    (command.folder / "preprocess.yaml").unlink()
    command.options["--program"] = str(
        written(
            command.folder / "model.onnx",
            [node("Identity", "age", "y")],
            [("age", FLOAT, COLUMN)],
            [("y", FLOAT, COLUMN)],
        )
    )

    assert "takes 'age', which is no column: without --preprocess" in refused(command, capsys)


def test_a_whole_number_that_may_be_missing_is_named(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = written(
        command.folder / "mine.onnx",
        [node("Cast", "shelf__stock", "numeric", to=FLOAT)],
        [("shelf__stock", INT64, COLUMN)],
        [("numeric", FLOAT, COLUMN)],
    )
    command.options["--preprocess"] = str(graph)

    problem = refused(command, capsys)

    assert "'shelf__stock' is missing, which the int64 that the graph takes cannot be" in problem
    assert "None" not in problem


def test_an_absent_library_says_what_to_install(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command.options["--program"] = str(two_answers(command))
    for module in ("deployments.onnx_graph", "deployments.model.backends.onnx_runtime"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    assert (
        "ONNX files need onnxruntime, which is not installed: pip install 'windsock-server[onnx]'"
        in refused(command, capsys)
    )


def test_an_answer_may_be_text(command: Command) -> None:
    del command.options["--preprocess"]
    (command.folder / "preprocess.yaml").unlink()
    command.options["--program"] = str(
        written(
            command.folder / "model.onnx",
            [node("Identity", "favourite", "word"), node("Cast", "quantity", "number", to=FLOAT)],
            [("favourite", STRING, COLUMN), ("quantity", INT64, COLUMN)],
            [("word", STRING, COLUMN), ("number", FLOAT, COLUMN)],
        )
    )
    with unstarted():
        bundle = opened(command, command())

    golden = bundle.golden()
    assert set(golden.outputs["return_probability"].tolist()) >= {"books", ""}
    load(bundle, ModelOptions(device="cpu"))  # it proves the golden rows


@pytest.mark.parametrize("favourite", [STRING, INT64])
def test_init_drafts_preprocessing_only_where_the_graph_cannot_take_columns_as_they_are(
    example: Example, tmp_path: Path, favourite: int
) -> None:
    program = written(
        tmp_path / "model.onnx",
        [node("Identity", "quantity", "q"), node("Identity", "favourite", "f")],
        [("quantity", INT64, COLUMN), ("favourite", favourite, COLUMN)],
        [("q", INT64, COLUMN), ("f", favourite, COLUMN)],
    )
    given = Given(
        name=NAME,
        feature_repo=example.repo,
        feature_service="order_v1",
        program=program,
        data=example.home / "data" / "training.parquet",
    )

    files = drafts(tmp_path, given, lambda *asked: pytest.fail(f"{asked}")).files

    assert ("preprocess.yaml" in files) == (favourite != STRING)
    assert "preprocess" not in files["bundle.yaml"]
