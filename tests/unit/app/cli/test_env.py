import json
import subprocess

from app.start.environment import ray_environment
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
