"""Modules from carried source, whatever the process has of these names."""

import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deployments.preprocess.carried import carried

HELPERS = b"FACTOR = 2\n"
STEPS = b"""
from __future__ import annotations

import json
from dataclasses import dataclass

import helpers
from shop.words import upper

@dataclass
class Steps:
    factor: int = helpers.FACTOR

    def late(self):
        from shop import words
        import shop.words
        return words is shop.words, upper("a"), json.dumps({})
"""
SOURCES = {
    "steps.py": STEPS,
    "helpers.py": HELPERS,
    "shop/__init__.py": b"",
    "shop/words.py": b"from .case import upper\n",
    "shop/case.py": b"def upper(text):\n    return text.upper()\n",
}


def steps(sources: dict[str, bytes]) -> Any:
    return import_module(f"{carried(sources)}.steps").Steps()


def test_modules_import_each_other_by_the_names_that_they_had() -> None:
    made = steps(SOURCES)

    assert made.factor == 2
    assert made.late() == (True, "A", "{}")
    assert [field.name for field in fields(made)] == ["factor"]


def test_versions_stand_side_by_side() -> None:
    before, after = steps(SOURCES), steps(SOURCES | {"helpers.py": b"FACTOR = 3\n"})

    assert (before.factor, after.factor) == (2, 3)
    assert before.late() == after.late()
    assert carried(SOURCES) == carried(dict(reversed(SOURCES.items())))


def test_what_the_process_has_of_these_names_is_neither_used_nor_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "helpers.py").write_text("FACTOR = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    theirs = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", theirs)

    made = steps(SOURCES | {"shop/case.py": b"def upper(text):\n    return 'A'\n"})

    assert (made.factor, made.late()[1]) == (2, "A")
    assert sys.modules["shop"] is theirs
    assert "helpers" not in sys.modules


def test_a_traceback_shows_the_source() -> None:
    package = carried({"steps.py": b"def fail():\n    raise KeyError('gone')  # here\n"})

    with pytest.raises(KeyError) as caught:
        import_module(f"{package}.steps").fail()

    assert "# here" in str(caught.getrepr())
