import json
import subprocess

from app.start.environment import ray_environment, second_cluster
from tests.unit.app.cli.conftest import Windsock


def test_a_shell_takes_it(windsock: Windsock) -> None:
    shown = windsock("env")

    assert shown.exit_code == 0
    told = subprocess.run(
        ["sh", "-c", f"{shown.output}\nenv"], env={}, capture_output=True, text=True, check=True
    )
    assert {f"{name}={value}" for name, value in ray_environment().items()} <= set(
        told.stdout.splitlines()
    )


def test_a_script_takes_it(windsock: Windsock) -> None:
    assert json.loads(windsock("env", "--json").output) == ray_environment()


def test_a_graph_beside_another_has_ports_and_files_of_its_own(windsock: Windsock) -> None:
    told = json.loads(windsock("env", "--beside", "12000", "--json").output)

    assert told.items() >= {**ray_environment(), **second_cluster(12_000)}.items()
    assert told["RAY_TMPDIR"].endswith("/windsock-12000")
    assert windsock("env", "--beside", "80").exit_code == 2
