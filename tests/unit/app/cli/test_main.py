import subprocess
import sys

import pytest

from app.cli.main import GROUPS, VERBS
from tests.unit.app.cli.conftest import Windsock

NAMES = [*(verb.__name__ for verb in VERBS), *GROUPS]


def test_help_names_each_verb_and_what_it_does(windsock: Windsock) -> None:
    shown = windsock("--help")

    assert shown.exit_code == 0
    for verb in NAMES:
        line = next(line for line in shown.output.splitlines() if f"  {verb} " in line)
        assert len(line.split()) > 3


@pytest.mark.parametrize("verb", NAMES)
def test_help_of_a_verb_imports_nothing_that_it_works_with(verb: str) -> None:
    code = f"""
import sys
from app.cli.main import cli
sys.argv = ["windsock", "{verb}", "--help"]
try:
    cli()
finally:
    print(*sorted({{"ray", "feast", "torch", "pandas", "httpx", "yaml"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "--help" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_a_wrong_option_is_a_wrong_use(windsock: Windsock) -> None:
    assert windsock("up", "--verbos").exit_code == 2
    assert windsock("serve").exit_code == 2
