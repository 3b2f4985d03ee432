"""`windsock keyring`, which shows no key."""

from base64 import b64encode
from pathlib import Path

from deployments.keyring import Keyring
from tests.unit.app.cli.conftest import Windsock


def test_a_keyring_is_made_and_rotated(windsock: Windsock, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keyring.json"

    made = windsock("keyring", "create", path)
    rotated = windsock("keyring", "rotate", path)
    shown = windsock("keyring", "list", path)

    assert (made.exit_code, rotated.exit_code, shown.exit_code) == (0, 0, 0)
    ring = Keyring.read(path)
    first, second = ring.keys
    assert shown.output.splitlines() == [first, f"{second}  primary"]
    assert first in made.output
    assert second in rotated.output
    for key in ring.keys.values():
        assert b64encode(key).decode() not in made.output + rotated.output + shown.output


def test_one_that_is_there_is_not_written_over(windsock: Windsock, tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    windsock("keyring", "create", path)
    before = path.read_bytes()

    refused = windsock("keyring", "create", path)

    assert refused.exit_code == 1
    assert "is there already" in refused.output
    assert path.read_bytes() == before


def test_one_that_cannot_be_read_is_named(windsock: Windsock, tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    for verb in ("rotate", "list"):
        refused = windsock("keyring", verb, path)
        assert refused.exit_code == 1
        assert "No such file" in refused.output
    path.write_text("{}")
    assert "of this form" in windsock("keyring", "list", path).output
    assert windsock("keyring", "create", "/proc/keyring").exit_code == 1
