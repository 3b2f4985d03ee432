"""`make sbom`, and what it is held to."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from supply.locked import locked
from supply.sbom import departures, vendored
from tests.support.serve import ROOT

_PYTHON = ROOT / ".venv-supply" / "bin" / "python"


def test_what_is_not_of_the_locked_set_is_named() -> None:
    locked = {"one": {"1.0"}, "some-other": {"2.0", "2.1"}, "torch": {"2.13.0"}}
    components = [("one", "1.1"), ("Some_Other", "2.1"), ("torch", "2.13.0+cpu"), ("new", "3")]
    document = {"components": [{"name": name, "version": what} for name, what in components]}

    assert departures(document, locked) == (["one 1.1, where 1.0 is locked"], ["new 3"])


def test_the_locked_set_gives_each_distribution_its_versions(tmp_path: Path) -> None:
    file = tmp_path / "constraints.txt"
    file.write_text("# why\nA.b_c==1.0\npy-spy==0.1 ; x == 'y'\npy-spy==0.2 ; x != 'y'  # so\n")

    assert locked(file) == {"a-b-c": {"1.0"}, "py-spy": {"0.1", "0.2"}}


def test_what_lies_in_the_tree_is_a_component_with_its_licence() -> None:
    (uplot,) = vendored()

    assert uplot["purl"] == "pkg:npm/uplot@1.6.32"
    folder = ROOT / "app" / "observability" / "dashboards" / "page" / "vendor" / "uplot"
    assert "MIT" in (folder / "LICENSE").read_text()
    assert (
        f"/*! https://github.com/leeoniya/uPlot (v{uplot['version']})"
        in (folder / "uPlot.iife.min.js").read_text()
    )


@pytest.mark.skipif(not _PYTHON.exists(), reason="the tools are missing: `make supply-tools`")
def test_the_bill_of_materials_is_of_this_environment(tmp_path: Path) -> None:
    target = tmp_path / "dist" / "sbom.cdx.json"

    ran = subprocess.run(
        [_PYTHON, "-m", "supply.sbom", sys.executable, target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    document = json.loads(target.read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "windsock-server"
    there = {component["name"]: component for component in document["components"]}
    assert there["ray"]["version"] == "2.60.0"
    assert there["ray"]["purl"] == "pkg:pypi/ray@2.60.0"
    wants = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert any(name.startswith("starlette") for name in wants[there["fastapi"]["bom-ref"]])
