"""Preprocessing that is fitted already, as `windsock bundle` takes it."""

from pathlib import Path

import pytest

from tests.support.bundling import Command, Edit
from tests.support.example import Example


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda state: state["inputs"]["categorical"][0].update(values=["no", "such"]),
            "preprocess.json knows not one value of 'store_id' in --data: it was fitted on",
        ),
        (
            lambda state: state["inputs"]["numeric"].clear(),
            "preprocess.json does not fit the rows that it is tried on: ",
        ),
        (
            lambda state: state["inputs"]["categorical"].clear(),
            "preprocess.json does not fit the rows that it is tried on: ",
        ),
        (
            lambda state: state["spec"]["derived"].reverse(),
            "which is not a field or feature in --data",
        ),
        (
            lambda state: state["spec"]["numeric"][0].update(column="ghost"),
            "preprocessing reads columns that no request gives: ['ghost']",
        ),
    ],
    ids=["another type", "no fills", "no vocabularies", "order", "no column"],
)
def test_what_was_fitted_on_something_else_is_refused(
    example: Example,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Edit,
    problem: str,
) -> None:
    command = Command(example, tmp_path)
    command.options["--preprocess"] = str(tmp_path / "preprocess.json")
    command.edit("preprocess.json", change)

    with pytest.raises(SystemExit):
        command()

    assert problem in capsys.readouterr().err
