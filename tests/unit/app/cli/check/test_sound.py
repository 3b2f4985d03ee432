"""What `windsock check` says of a file that is sound, and of its keys."""

import json
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.support.example import NAME, Example
from tests.unit.app.cli.check.conftest import Config
from tests.unit.app.cli.conftest import Windsock


def test_a_sound_file_says_where_it_would_answer(windsock: Windsock, config: Config) -> None:
    path = config.written()

    assert windsock("check", path).output == (
        f"{path} is sound: orders would answer at http://127.0.0.1:8123\n"
    )
    answer = windsock("check", path, "--json")
    assert answer.exit_code == 0
    told = {
        "app": "orders",
        "url": "http://127.0.0.1:8123",
        "fast_lane": f"http://127.0.0.1:{config.port}",
        "grpc": None,
        "graph": True,
        "auth": True,
        "key": None,
    }
    assert json.loads(answer.output) == {"applications": [told], "problems": [], "code": []}
    assert not (path.parent / ".windsock").exists()


def test_a_key_is_made_where_it_is_asked_for_and_none_is_there(
    windsock: Windsock, config: Config
) -> None:
    path = config.written()
    for _ in range(2):
        (told,) = _applications(windsock("check", path, "--json", "--local-key"))
        assert told["key"] == str(path.parent / ".windsock" / "key")
    (told,) = _applications(windsock("check", path, "--json"))
    assert told["key"] == str(path.parent / ".windsock" / "key")
    assert windsock("keys", "list", "--config", path).output.count("\n") == 2

    Path(told["key"]).write_text("of yesterday")
    (told,) = _applications(windsock("check", path, "--json", "--local-key"))
    assert (told["auth"], told["key"]) == (True, None)


def test_auth_that_is_off_is_told(windsock: Windsock, config: Config) -> None:
    config.document["applications"][0]["args"]["auth"] = False

    (told,) = _applications(windsock("check", config.written(), "--json", "--local-key"))

    assert (told["auth"], told["key"]) == (False, None)
    assert not (config.path.parent / ".windsock").exists()


def _applications(checked: Result) -> list[dict[str, Any]]:
    assert checked.exit_code == 0
    told: list[dict[str, Any]] = json.loads(checked.output)["applications"]
    return told


def test_a_file_that_says_only_what_differs_is_sound(
    windsock: Windsock, config: Config, example: Example
) -> None:
    """Relative paths start in its folder, wherever it is checked."""
    config.path = example.home / "what_differs.yaml"  # the example itself is for other tests, too
    application = config.document["applications"][0]
    application["args"] |= {"model": {"name": NAME}, "feature_store": {"repo": "feature_repo"}}
    del application["deployments"]

    checked = windsock("check", config.written(), "--node", "CPU=2")

    assert checked.exit_code == 0
    assert "problem" not in checked.output
