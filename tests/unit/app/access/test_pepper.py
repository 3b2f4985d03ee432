"""The key of the hashes."""

import stat
from pathlib import Path

import pytest

from app.access.key_file import BrokenKeys
from app.access.pepper import ensured_pepper, read_pepper
from app.secrets import Secret


def test_it_is_made_once(tmp_path: Path) -> None:
    secret = Secret(file=tmp_path / "new" / "pepper")
    made = ensured_pepper(secret)

    assert len(made) == 64
    assert ensured_pepper(secret) == read_pepper(secret) == made
    assert stat.S_IMODE((tmp_path / "new" / "pepper").stat().st_mode) == 0o600


def test_one_of_the_environment_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokenKeys, match="environment variable A_PEPPER"):
        ensured_pepper(Secret(env="A_PEPPER"))
    monkeypatch.setenv("A_PEPPER", "of sixteen bytes")
    assert ensured_pepper(Secret(env="A_PEPPER")) == b"of sixteen bytes"


def test_one_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    path.write_text("short\n")

    with pytest.raises(BrokenKeys, match="shorter than 16 bytes") as refused:
        read_pepper(Secret(file=path))
    assert "short\n" not in str(refused.value)
