"""The locked set: the exact version of everything that is installed."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"


def normal(name: str) -> str:
    """A distribution's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(constraints: Path = CONSTRAINTS) -> dict[str, set[str]]:
    """The versions of each distribution; several where they differ by platform."""
    versions: dict[str, set[str]] = {}
    for line in constraints.read_text().splitlines():
        requirement = line.partition("#")[0].partition(";")[0].strip()
        if requirement:
            name, _, version = requirement.partition("==")
            versions.setdefault(normal(name), set()).add(version.strip())
    return versions
