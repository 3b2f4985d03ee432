import json
from pathlib import Path

import pytest

from benchmarks.bars import Bar
from benchmarks.runner import Outcome, finish
from benchmarks.tables import Table


def outcome(value: float | None) -> Outcome:
    bar = Bar("speed", 10.0, value, at_least=True)
    return Outcome(
        "try",
        {"cores": 2},
        [Table("Found", ("", "here"), [["a", "1"]])],
        {"samples": [1]},
        [bar],
        ["try.png"],
    )


@pytest.mark.parametrize(("value", "code"), [(9.0, 1), (10.0, 0), (None, 0)])
def test_a_bar_that_was_missed_is_a_failure(tmp_path: Path, value: float | None, code: int) -> None:
    assert finish(outcome(value), tmp_path, publish=False) == code
    assert json.loads((tmp_path / "results.json").read_text()) == {
        "about": {"cores": 2},
        "samples": [1],
    }


def test_a_run_is_published_under_its_name(tmp_path: Path) -> None:
    folder, target = tmp_path / "run", tmp_path / "docs"
    folder.mkdir()
    (folder / "try.png").write_bytes(b"picture")

    finish(outcome(11.0), folder, publish=True, target=target)

    assert sorted(path.name for path in target.iterdir()) == ["try.json", "try.md", "try.png"]
    page = (target / "try.md").read_text()
    assert page.index("### Found") < page.index("| speed | >= 10 | 11.0 | reached |")
