"""`windsock init` over the example's repo and program; that Feast's quickstart is served from what
it writes is in tests/unit/test_quickstart.py."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from app.cli.main import cli
from tests.support.example import NAME, Example

FILES = ["contract.yaml", "preprocess.yaml", "bundle.yaml", "serve_config.yaml"]


@pytest.fixture
def home(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, which holds the user's files alone."""
    home = tmp_path / "orders"
    home.mkdir()
    shutil.copytree(example.repo, home / "feature_repo")
    shutil.copytree(example.home / "data", home / "data")
    (home / "data" / "model.pt2").rename(home / "model.pt2")
    monkeypatch.chdir(home)
    return home


def init(*arguments: object, answers: Sequence[str] = ()) -> Result:
    given = "".join(f"{answer}\n" for answer in answers) if answers else None
    return CliRunner().invoke(cli, ["init", *map(str, arguments)], input=given)


def test_what_is_not_given_is_asked_for_with_what_there_is(home: Path) -> None:
    told = init(answers=["", "", "", "", "return_probability,delivery_days"])

    assert told.exit_code == 0, told.output
    for question in (
        "Name of the model [orders]",
        "Folder of the Feast repo [feature_repo]",
        "Feature service (order_v1) [order_v1]",
        "Program file (.pt2 or .onnx) [model.pt2]",
        "Names of the program's 2 outputs, in order",
    ):
        assert question in told.stderr
    assert told.stdout.splitlines()[-1 - len(FILES) : -1] == FILES
    assert yaml.safe_load((home / "bundle.yaml").read_text()) == {
        "name": "orders",
        "feature_repo": "feature_repo",
        "feature_service": "order_v1",
        "program": "model.pt2",
    }
    contract = yaml.safe_load((home / "contract.yaml").read_text())
    assert [one["name"] for one in contract["outputs"]] == ["return_probability", "delivery_days"]
    assert {one["name"] for one in contract["entities"]} == {
        "customer_id",
        "recipient_id",
        "store_id",
        "product_id",
    }


def test_nothing_is_asked_where_all_is_given_and_examples_are_those_of_the_training_set(
    home: Path,
) -> None:
    told = init(
        *("--name", NAME, "--feature-repo", "feature_repo", "--feature-service", "order_v1"),
        *("--program", "model.pt2", "--output", "a", "--output", "b"),
        *("--data", "data/training.parquet", "--folder", "service"),
    )

    assert told.exit_code == 0, told.output
    assert (
        told.stderr.count("warning: preprocess.yaml is to be mended: the input 'numeric' is") == 1
    )
    contract = yaml.safe_load((home / "service" / "contract.yaml").read_text())
    (quantity,) = [one for one in contract["request_features"] if one["name"] == "quantity"]
    assert 1 <= quantity["minimum"] <= quantity["example"] <= quantity["maximum"] <= 99
    bundle = yaml.safe_load((home / "service" / "bundle.yaml").read_text())
    assert bundle["program"] == str(home / "model.pt2")  # outside of the folder
    config = (home / "service" / "serve_config.yaml").read_text()
    assert len(config.splitlines()) <= 20


def test_files_that_are_there_are_kept_unless_told_otherwise(home: Path) -> None:
    arguments = (
        *("--name", NAME, "--feature-repo", "feature_repo", "--feature-service", "order_v1"),
        *("--program", "model.pt2", "--output", "a", "--output", "b"),
        *("--data", "data/training.parquet"),
    )
    (home / "contract.yaml").write_text("mine")

    refused = init(*arguments)

    assert refused.exit_code == 2
    assert "contract.yaml are there already: --force overwrites them" in refused.stderr
    assert not (home / "bundle.yaml").exists()
    assert init(*arguments, "--force").exit_code == 0
    assert (home / "contract.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "give --name: nobody answers here"),
        (["--name", "a", "--feature-repo", "no_repo"], "no Feast repo at no_repo"),
        (
            ["--name", "a", "--feature-repo", "feature_repo", "--feature-service", "order_v2"],
            "'order_v2' is not in the Feast registry",
        ),
        (
            [
                *("--name", "a", "--feature-repo", "feature_repo"),
                *("--feature-service", "order_v1", "--program", "none.pt2"),
            ],
            "there is no file none.pt2",
        ),
        (
            [
                *("--name", "a", "--feature-repo", "feature_repo"),
                *("--feature-service", "order_v1", "--program", "model.pt2", "--output", "a"),
            ],
            "the program has 2 outputs, and 1 are named: a",
        ),
    ],
)
def test_what_makes_no_service_is_said_in_one_sentence(
    home: Path, arguments: Sequence[str], problem: str
) -> None:
    refused = init(*arguments)

    assert refused.exit_code == 2
    assert problem in refused.stderr
    assert refused.stderr.count("windsock init: ") == 1
    assert not any((home / file).exists() for file in FILES)


def test_an_input_of_another_form_is_named(home: Path) -> None:
    refused = init("--input", "numeric")

    assert refused.exit_code == 2
    assert "'numeric' is not of the form NAME=COLUMN,COLUMN" in refused.stderr
