"""A bundle whose preprocessing is a class of the user's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError, BundleStore
from deployments.columns import Integers
from deployments.frames import Failure, Frame, TensorFrame
from deployments.model_id import ModelId
from deployments.preprocess.stage import Preprocessing
from tests.support.bundling import Command
from tests.support.example import NAME, Example
from tests.support.preprocessing import preprocessor_of

OWN = """
import numpy as np

from deployments.preprocess.cells import as_floats
from helpers import WIDTHS, doubled


class Own:
    inputs = ["quantity"]

    def fit(self, columns):
        self.most = as_floats(columns["quantity"]).max()

    def transform(self, columns):
        quantity = as_floats(columns["quantity"])
        if (quantity > self.most).any():
            raise LookupError("/srv/secret")
        numeric = np.repeat(doubled(quantity)[:, None], WIDTHS["numeric"], axis=1)
        categorical = np.zeros((len(quantity), WIDTHS["categorical"]), np.int32)
        return {"numeric": numeric, "categorical": categorical}
"""
HELPERS = """
WIDTHS = {widths}


def doubled(values):
    from elsewhere import FACTOR
    return values * FACTOR
"""

Changed = Callable[[str], str]


@pytest.fixture
def command(example: Example, tmp_path: Path) -> Command:
    command = Command(example, tmp_path)
    fitted = preprocessor_of(example.bundle)
    widths = {name: len(names) for name, names in fitted.names.items()}
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "helpers.py").write_text(HELPERS.format(widths=widths))
    (tmp_path / "elsewhere.py").write_text("FACTOR = 2\n")
    (tmp_path / "preprocess.yaml").write_text("python: own:Own\n")
    return command


def transformed(bundles: BundleStore, version: str, *quantities: int) -> TensorFrame:
    frame = Frame(ModelId(NAME, version), len(quantities), {"quantity": Integers.of(quantities)})
    return asyncio.run(Preprocessing(bundles).transform(frame))


def test_the_carried_source_runs_and_what_it_raises_is_its_rows_error(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = command()
    for name in ("own", "helpers", "elsewhere"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit\n")  # is not what runs

    tensors = transformed(BundleStore(command.models, allow_code=True), written.name, 3, 90, 5)

    assert "it brings code: serve it with `allow_code: true`" in capsys.readouterr().err
    assert tensors.inputs["numeric"][:, 0].tolist() == [6, 0, 10]
    assert tensors.inputs["numeric"].dtype == np.float32
    assert tensors.failed == {1: Failure("the preprocessing failed for this row: LookupError")}


def test_without_leave_its_code_does_not_run(command: Command) -> None:
    version = command().name

    with pytest.raises(BundleError, match=r"brings code .* \(own:Own\): `allow_code: true` under"):
        BundleStore(command.models).open(ModelId(NAME, version))


def test_another_source_than_what_was_bundled_does_not_run(command: Command) -> None:
    written = command()
    (written / "preprocess" / "elsewhere.py").write_text("FACTOR = 3\n")

    with pytest.raises(BundleError, match=r"elsewhere\.py is damaged"):
        transformed(BundleStore(command.models, allow_code=True), written.name, 3)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda own: own.replace("class Own", "class Other"), "own:Own cannot be made: Attribute"),
        (lambda own: own + "def", "own cannot be read: invalid syntax"),
        (lambda own: own.replace('= ["quantity"]', '= ["ghost"]'), "reads the column 'ghost'"),
        (
            lambda own: own.replace("(quantity > self", "(quantity >= self"),
            "preprocess.yaml does not fit the rows that it is tried on: LookupError: /srv/secret",
        ),
        (
            lambda own: own.replace("self.most =", "self.f = lambda: 0; self.most ="),
            "cannot be kept",
        ),
    ],
    ids=["class", "syntax", "column", "row", "state"],
)
def test_what_could_not_serve_is_refused(
    command: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Changed,
    problem: str,
) -> None:
    (tmp_path / "own.py").write_text(change(OWN))

    with pytest.raises(SystemExit):
        command()

    assert problem in capsys.readouterr().err


def test_a_module_that_is_not_there_is_named(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "preprocess.yaml").write_text("python: own.deeper:Own\n")
    with pytest.raises(SystemExit):
        command()
    assert "own.deeper cannot be read: " in capsys.readouterr().err

    (tmp_path / "preprocess.yaml").write_text("python: nowhere_at_all:Own\n")
    with pytest.raises(SystemExit):
        command()
    assert "there is no module 'nowhere_at_all'" in capsys.readouterr().err
