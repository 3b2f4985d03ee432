"""Each file of ray_private says why it is there, how to see the fault, and when it can go."""

import re
from pathlib import Path

import pytest

from tests.support.serve import ROOT

_ROOM = ROOT / "app" / "ray_private"


@pytest.mark.parametrize("file", sorted(_ROOM.glob("[!_]*.py")), ids=lambda file: file.stem)
def test_it_says_why_and_when_it_can_go(file: Path) -> None:
    head = file.read_text().split('"""')[1]

    for script in re.findall(r"tests/ray/\w+\.py", head):
        assert (ROOT / script).is_file()
    assert file.stem == "controller" or "**Why.**" in head
    assert "**When Ray mends it.**" in head or "have gone, so can this" in head
