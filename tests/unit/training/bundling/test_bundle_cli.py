import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from app.cli.main import cli
from deployments.bundle.bundle import GOLDEN, BundleStore
from deployments.bundle.manifest import ProgramSpec
from deployments.model.backends.base import BACKENDS
from deployments.model.golden_rows import golden_frame
from deployments.model_id import ModelId
from tests.support.bundling import Command, Edit
from tests.support.example import NAME, Example
from tests.support.manifests import PREPROCESS
from tests.support.serve import ROOT
from tests.support.unstarted import unstarted
from tests.unit.deployments.model.backends import remembered


@pytest.fixture
def command(example: Example, tmp_path: Path) -> Command:
    return Command(example, tmp_path)


def test_help_says_what_each_argument_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(["bundle", "--help"])

    help_text = "".join(capsys.readouterr().out.split())  # it is broken into lines anywhere
    assert ended.value.code == 0
    assert "--preprocess" in help_text
    assert "get_historical_features(full_feature_names=True)" in help_text


def test_a_spec_is_fitted_to_what_the_model_was_trained_with(
    command: Command, example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = command()

    assert capsys.readouterr().out == f"{folder}\n"
    for file in (PREPROCESS, GOLDEN):
        assert (folder / file).read_text() == (example.folder / file).read_text()


def test_preprocessing_that_is_fitted_is_taken_as_it_is(command: Command) -> None:
    command.options["--preprocess"] = fitted = str(command.folder / "preprocess.json")
    command.data(lambda table: table.head(100))

    with unstarted():
        folder = command()

    assert (folder / PREPROCESS).read_text() == Path(fitted).read_text()


def test_the_bundle_tells_where_it_comes_from_and_what_is_odd(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.data(lambda table: table.assign(quantity=table["quantity"].mask(table.index < 3, 0)))
    metrics = command.folder / "metrics.json"
    metrics.write_text(json.dumps({"auc": 0.7, "by_store": {"3": 0.8}}))
    command.options["--metrics"] = str(metrics)

    folder = command()

    printed = capsys.readouterr()
    assert printed.out == f"{folder}\n"
    assert printed.err == (
        "warning: 3 of 1500 training rows hold values of 'quantity' that no request can send (0): "
        "quantity must be an integer from 1 to 99: Expected `int` >= 1\n"
    )
    manifest = BundleStore(command.models).open(ModelId(NAME, "latest")).manifest
    assert manifest.description.startswith("Whether a shop order comes back")
    assert manifest.metrics == {"auc": 0.7, "by_store": {"3": 0.8}}
    assert manifest.training_data.rows == 1500
    assert re.fullmatch("[0-9a-f]{64}", str(manifest.training_data.fingerprint))


def test_a_program_of_another_backend_is_bundled_as_it_is(
    command: Command, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "numpy_rows", remembered.BACKEND)
    # What a start of Python runs first, so that the bundle's first start knows it, too.
    (command.folder / "sitecustomize.py").write_text(
        "from deployments.model.backends.base import BACKENDS\n"
        f"from {remembered.__name__} import BACKEND\n"
        "BACKENDS['numpy_rows'] = BACKEND\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{command.folder}:{ROOT}")
    program = command.folder / "rows.npz"
    remembered.write(program, *golden_frame(example.bundle))
    command.options["--program"] = str(program)

    folder = command()

    manifest = BundleStore(command.models).open(ModelId(NAME, "latest")).manifest
    assert manifest.program == ProgramSpec(file="model.npz", platform="numpy_rows")
    assert (folder / "model.npz").read_bytes() == program.read_bytes()
    assert list(manifest.libraries) == ["numpy", "feast"]


def refused(command: Command, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which the command ends in status 2, having written nothing."""
    with pytest.raises(SystemExit) as ended:
        command()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert not command.models.exists() or not any(command.models.iterdir())
    return printed.err.removeprefix("windsock bundle: ").strip()


@pytest.mark.parametrize(
    "option", ["--program", "--preprocess", "--contract", "--data", "--metrics"]
)
def test_a_file_that_is_not_there_is_named(
    command: Command, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    command.options[option] = str(command.folder / "absent")

    assert refused(command, capsys) == f"there is no file {command.folder / 'absent'}"


@pytest.mark.parametrize(
    ("option", "content", "problem"),
    [
        ("--program", "x", "is no program that torch"),
        ("--preprocess", "numeric: {", "preprocess.yaml cannot be read: while parsing"),
        ("--preprocess", "numeric: 3", "preprocess.yaml: numeric: Input should be a valid list"),
        ("--preprocess", "", "preprocess.yaml: the whole: Input should be a valid dictionary"),
        ("--contract", "\udcff", "contract.yaml cannot be read: 'utf-8' codec can't decode"),
        ("--contract", "a\tb: : c", "contract.yaml cannot be read: "),
        ("--contract", "outputs: []", "contract.yaml: outputs: List should have at least 1 item"),
        ("--data", "x", "training.parquet is not a parquet file"),
    ],
    ids=lambda value: value if value.startswith("--") else "",
)
def test_a_file_of_another_form_is_named(
    command: Command, capsys: pytest.CaptureFixture[str], option: str, content: str, problem: str
) -> None:
    Path(command.options[option]).write_text(content, errors="surrogateescape")

    assert problem in refused(command, capsys)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda contract: contract["outputs"][0].update(nam="x"),
            "contract.yaml: outputs.0.nam: Extra inputs are not permitted",
        ),
        (
            lambda contract: contract["outputs"][0].update(name=" "),
            "contract.yaml: outputs.0.name: Value error, ' ' cannot be a name",
        ),
        (
            lambda contract: [field.pop("example") for field in contract["entities"]],
            "contract.yaml: entities.0.example: Field required (and 3 more)",
        ),
        (
            lambda contract: contract["entities"].pop(),
            "the feature service's entity keys are ['customer_id', 'product_id', ",
        ),
        (
            lambda contract: contract["request_features"][0].update(dtype="string"),
            "'quantity' is int64 in the feature service, not string",
        ),
        (
            lambda contract: contract["request_features"][0].update(example=100),
            "no request may hold the example 100 of 'quantity': quantity must be an integer from",
        ),
        (
            lambda contract: contract["request_features"][1].update(example="2024-03-01T12:00:00"),
            "no request may hold the example '2024-03-01T12:00:00' of 'placed_at': placed_at must",
        ),
        (
            lambda contract: contract["request_features"][2].update(example=""),
            "no request may hold the example '' of 'express': express must be true or false",
        ),
        (
            lambda contract: contract["request_features"].pop(),
            "preprocessing reads columns that no request gives: ['express']",
        ),
        (
            lambda contract: contract["outputs"].pop(),
            "the program answers 2 tensors, the contract names 1 outputs",
        ),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str], change: Edit, problem: str
) -> None:
    command.options["--preprocess"] = str(command.folder / "preprocess.json")
    command.edit("contract.yaml", change)

    assert problem in refused(command, capsys)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda spec: spec["numeric"].append({"column": "basket__total"}),
            "preprocess.yaml reads the column 'basket__total', which is not a field or feature",
        ),
        (
            lambda spec: spec["numeric"].append({"column": "catalogue__category"}),
            "column 'catalogue__category' cannot be prepared: could not convert string",
        ),
        (
            lambda spec: spec["numeric"].pop(),
            "the program takes 'numeric' as float32 [N, 20], and preprocessing makes 'numeric' as "
            "float32 [N, 19]",
        ),
    ],
)
def test_preprocessing_that_does_not_fit_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str], change: Edit, problem: str
) -> None:
    command.edit("preprocess.yaml", change)

    assert problem in refused(command, capsys)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda table: table.drop(columns="shelf__stock"),
            "the training data lack the columns ['shelf__stock']: join them with get_historical",
        ),
        (
            lambda table: table.assign(store_id=None),
            "column 'store_id' does not hold int64 values: an entity key is never missing",
        ),
        (
            lambda table: table.assign(shelf__price="cheap"),
            "column 'shelf__price' does not hold float64 values",
        ),
        (lambda table: table.head(0), "the training data hold no rows"),
    ],
)
def test_data_that_do_not_fit_are_refused(
    command: Command, capsys: pytest.CaptureFixture[str], change: Any, problem: str
) -> None:
    command.options["--preprocess"] = str(command.folder / "preprocess.json")
    command.data(change)

    assert problem in refused(command, capsys)


def test_a_program_whose_weights_are_no_program_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"weight": torch.zeros(1)}, command.options["--program"])

    assert "can load, as torch.export.save writes it (" in refused(command, capsys)


def test_a_program_for_no_backend_is_refused(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    program = command.folder / "model.abacus"
    program.touch()
    command.options["--program"] = str(program)

    assert refused(command, capsys) == (
        f"{program} is named like no program that can be served: .pt2 (torch), .onnx (onnxruntime)"
    )


def test_a_service_that_is_not_applied_says_what_to_run(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.options["--feature-service"] = "order_v2"

    assert "'order_v2' is not in the Feast registry" in refused(command, capsys)


def test_a_folder_without_a_feast_repo_is_named(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.options["--feature-repo"] = str(command.folder)

    assert f"no Feast repo at {command.folder}" in refused(command, capsys)


def test_metrics_are_an_object(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = command.folder / "metrics.json"
    metrics.write_text("[1]")
    command.options["--metrics"] = str(metrics)

    assert refused(command, capsys) == f"{metrics} must hold a JSON object"
