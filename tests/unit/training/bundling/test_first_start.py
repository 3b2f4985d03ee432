"""Bundles that fit together, as a replica finds them that knows nothing of how they were made."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.bundle.bundle import MANIFEST, BundleStore
from deployments.bundle.manifest import ProgramSpec
from examples.repos import apply, materialize
from examples.store_orders.tables import AS_OF
from tests.support.example import NAME, Example
from training.bundling.first_start import first_start

_HELPER = "def taxed(price): return price * 1.19\n\n"
ALL = "buyer, recipient, store_recent, shelf, catalogue, customer_recent"


def started(example: Example, repo: Path, store_yaml: Path | None = None) -> list[str]:
    return first_start(example.models, example.id, repo, store_yaml)


def store_yaml(example: Example, folder: Path, online: dict[str, Any]) -> Path:
    """The example's repo over a registry of its own and another online store."""
    document = yaml.safe_load((example.repo / "feature_store.yaml").read_text())
    document |= {"registry": str(folder / "registry.db"), "online_store": online}
    path = folder / "feature_store.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def sqlite(folder: Path) -> dict[str, Any]:
    return {"type": "sqlite", "path": str(folder / "online_store.db")}


def edited(example: Example, folder: Path, old: str, new: str) -> Path:
    """A copy of the example's repo with another definition, beside the example's data."""
    repo = folder / "feature_repo"
    shutil.copytree(example.repo, repo)
    (folder / "data").symlink_to(example.home / "data")
    text = (repo / "shop.py").read_text()
    assert old in text
    (repo / "shop.py").write_text(f"{_HELPER}{text.replace(old, new)}")
    return repo


def test_what_a_replica_can_start_with_is_nothing_to_speak_of(example: Example) -> None:
    assert started(example, example.repo) == []


def of_any_code(example: Example, folder: Path) -> Path:
    """The example's bundle, as one that does not say what the code of its views was."""
    models = folder / "models"
    copy = models / NAME / example.version
    shutil.copytree(example.folder, copy)
    document = json.loads((copy / MANIFEST).read_text())
    document.pop("code", None)
    (copy / MANIFEST).write_text(json.dumps(document))
    return models


def test_on_demand_code_whose_module_is_not_there_is_refused(
    example: Example, tmp_path: Path
) -> None:
    repo = edited(example, tmp_path, "else price * quantity", "else taxed(price) * quantity")
    path = store_yaml(example, tmp_path, sqlite(tmp_path))
    feast = Path(sys.executable).with_name("feast")
    command = [str(feast), "--feature-store-yaml", str(path), "apply"]
    subprocess.run(command, cwd=repo, check=True, capture_output=True)
    (repo / "shop.py").unlink()

    with pytest.raises(ValueError, match=r"no replica could start with this .*'basket'.*shop"):
        first_start(of_any_code(example, tmp_path), example.id, repo, path)


def test_rows_that_on_demand_code_cannot_take_are_told_with_their_share(
    example: Example, tmp_path: Path
) -> None:
    # The example has this quantity, and some of the golden rows.
    repo = edited(example, tmp_path, "else price * quantity", "else price / (quantity - 2)")
    path = store_yaml(example, tmp_path, sqlite(tmp_path))
    materialize(apply(repo, path), AS_OF)

    (told,) = first_start(of_any_code(example, tmp_path), example.id, repo, path)

    assert re.fullmatch(
        r"\d+ of the example and the golden rows \(65\) have no answer: on-demand view 'basket' "
        "failed for a row: ZeroDivisionError: float division by zero",
        told,
    )


def test_a_store_that_was_never_filled_is_told(example: Example, tmp_path: Path) -> None:
    path = store_yaml(example, tmp_path, sqlite(tmp_path))
    apply(example.repo, path)

    (told,) = started(example, example.repo, path)

    assert f"has not one of the bundle's golden rows in {ALL}: fill it (`feast mater" in told


def test_a_store_that_cannot_be_reached_is_told(example: Example, tmp_path: Path) -> None:
    online = {"type": "redis", "connection_string": "127.0.0.1:1"}
    path = store_yaml(example, tmp_path, online)
    apply(example.repo, path)

    (told,) = started(example, example.repo, path)

    assert told.startswith("the online store cannot be read")


def test_a_program_for_which_only_the_training_knows_a_backend_is_refused(
    example: Example, tmp_path: Path
) -> None:
    folder = tmp_path / NAME / example.version
    shutil.copytree(example.folder, folder)
    program = ProgramSpec(file=example.manifest.program.file, platform="abacus_beads")
    forged = example.manifest.model_copy(update={"program": program})
    (folder / MANIFEST).write_text(forged.model_dump_json())
    assert BundleStore(tmp_path).open(example.id).manifest.program == program

    with pytest.raises(ValueError, match=r"the model fails: BundleError: .*'abacus_beads', which"):
        first_start(tmp_path, example.id, example.repo, None)
