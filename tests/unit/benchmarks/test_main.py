import subprocess

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import program
from benchmarks.paths import ROOT


@pytest.mark.parametrize(
    ("target", "scenario"),
    [
        ("bench QUICK=1 ONLY=mosec,echo", "compare"),
        ("bench-batch", "batch"),
        ("bench-protocols PUBLISH=1", "protocols"),
        ("bench-autoscale DOOR=proxy", "autoscale"),
        ("soak MINUTES=30", "soak"),
        ("profile LAYOUT=distributed REPLICA=Model", "profile"),
    ],
)
def test_make_has_a_target_for_each_scenario_with_its_options(target: str, scenario: str) -> None:
    command = ["make", "--no-print-directory", "--dry-run", *target.split()]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)

    words = made.stdout.splitlines()[-1].split()

    assert words[1:4] == ["-m", "benchmarks", scenario]
    # An option that a scenario does not have would be an error even so.
    assert CliRunner().invoke(program(), [*words[3:], "--help"]).exit_code == 0


@pytest.mark.parametrize(
    "given",
    [
        ["compare", "--only", "nobody"],
        ["profile", "--replica", "Model"],
        ["autoscale", "--set", "x"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_measured_is_refused_before_anything_starts(given: list[str]) -> None:
    assert CliRunner().invoke(program(), given).exit_code == 2
