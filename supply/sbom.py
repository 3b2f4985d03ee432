"""`make sbom`: the bill of materials of what is installed, as CycloneDX JSON
(https://cyclonedx.org/specification/overview/), which must be of the locked versions."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from supply.locked import ROOT, locked, normal

_UNLOCKED = {"pip", "setuptools", "wheel", "windsock-server", "windsock-client"}
"""What makes environments, and what is ours."""


def departures(
    document: dict[str, Any], versions: dict[str, set[str]]
) -> tuple[list[str], list[str]]:
    """The components of another version than the locked set has, and those that it does not have.
    A build of a version, as torch's ``2.13.0+cpu``, is that version."""
    others, unlocked = [], []
    for component in document["components"]:
        name, version = normal(component["name"]), component["version"].partition("+")[0]
        wanted = versions.get(name)
        if name in _UNLOCKED:
            continue
        if wanted is None:
            unlocked.append(f"{component['name']} {component['version']}")
        elif version not in wanted:
            there = " or ".join(sorted(wanted))
            others.append(f"{component['name']} {component['version']}, where {there} is locked")
    return others, unlocked


def vendored(folder: Path = ROOT / "app") -> list[dict[str, Any]]:
    """The components that lie in the tree itself, each with a ``component.json`` beside its
    licence."""
    told = (json.loads(path.read_text()) for path in sorted(folder.rglob("component.json")))
    return [
        {
            "type": "library",
            "name": one["name"],
            "version": one["version"],
            "purl": (purl := f"pkg:npm/{one['name']}@{one['version']}"),
            "bom-ref": purl,
            "licenses": [{"license": {"id": one["license"]}}],
        }
        for one in told
    ]


def main(python: str, target: Path) -> int:
    """0; 1 where the environment of ``python`` has other versions than are
    locked; 2 where no bill was made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tool = Path(sys.executable).with_name("cyclonedx-py")
    project = ("--pyproject", ROOT / "pyproject.toml")
    made = subprocess.run(
        [tool, "environment", *project, "--output-reproducible", "--output-file", target, python],
        check=False,
    )
    if made.returncode:
        print("no bill of materials was made: see above", file=sys.stderr)
        return 2
    document = json.loads(target.read_text())
    others, unlocked = departures(document, locked())
    document["components"] += vendored()
    target.write_text(json.dumps(document, indent=2))
    if unlocked:
        print(f"besides the locked set: {', '.join(unlocked)}", file=sys.stderr)
    if others:
        told = "\n  ".join(["this environment is not that of constraints.txt:", *others])
        print(f"{told}\nmake it again: make install", file=sys.stderr)
        return 1
    print(f"{target}: {len(document['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
