"""`windsock bundle --encrypt`: a bundle that never lay in the clear, and starts as any other."""

from pathlib import Path
from typing import Any

import pytest

from deployments import keyring
from deployments.bundle.bundle import MANIFEST, BundleStore
from deployments.bundle.sealed import MAGIC
from deployments.model_id import ModelId
from tests.support.bundling import Command
from tests.support.example import NAME, Example
from training.bundling import writer
from training.bundling.first_start import first_start


@pytest.fixture
def command(example: Example, tmp_path: Path) -> Command:
    return Command(example, tmp_path)


def _clear(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "latest"]
    assert files
    return [path for path in files if not path.read_bytes().startswith(MAGIC)]


def test_it_starts_encrypted_and_stays_so(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "bundles.keys"
    keyring.create(keys)
    command.options["--encrypt"] = str(keys)
    start = first_start
    seen: list[Path] = []

    def started(folder: Path, *others: Any) -> list[str]:
        seen.extend(_clear(folder))
        return start(folder, *others)

    monkeypatch.setattr(writer, "first_start", started)

    folder = command()

    assert seen == []
    assert _clear(command.models) == []
    bundle = BundleStore(command.models, keyring=keys.read_bytes).open(ModelId(NAME, "latest"))
    assert {path.name for path in folder.iterdir()} == {*bundle.manifest.files, MANIFEST}
    assert len(bundle.golden().outputs) == len(bundle.manifest.outputs)


def test_a_keyring_that_is_not_there_is_named(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.options["--encrypt"] = str(tmp_path / "none.keys")

    with pytest.raises(SystemExit) as ended:
        command()

    assert ended.value.code == 2
    assert f"the keyring {tmp_path / 'none.keys'} cannot be read" in capsys.readouterr().err
    assert not command.models.exists() or not [*command.models.iterdir()]
