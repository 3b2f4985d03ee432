"""The key of the local user."""

import stat
from pathlib import Path

import pytest

from app.access.key_changes import create, revoke
from app.access.key_file import read
from app.access.local_key import ensured_local_key, local_key
from app.access.principal import Scope
from app.access.settings import AuthSettings


@pytest.fixture
def settings(tmp_path: Path) -> AuthSettings:
    return AuthSettings.model_validate({}, context=tmp_path)


def test_it_is_made_once_for_the_user_alone(settings: AuthSettings) -> None:
    assert local_key(settings) is None
    path = ensured_local_key(settings)

    assert path == settings.keys.with_name("key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensured_local_key(settings) == local_key(settings) == path
    (record,) = read(settings.keys)
    assert record.principal == "local"
    assert Scope.ADMIN not in record.scopes


def test_it_is_not_made_where_somebody_has_seen_to_keys(settings: AuthSettings) -> None:
    create(settings, "shop", [Scope.PREDICT])

    assert ensured_local_key(settings) is None
    assert not settings.keys.with_name("key").exists()


def test_one_that_counts_no_more_is_none(settings: AuthSettings) -> None:
    ensured_local_key(settings)
    create(settings, "shop", [Scope.PREDICT])
    revoke(settings, read(settings.keys)[0].id)

    assert local_key(settings) is None


def test_what_an_earlier_file_of_keys_left_is_written_over(settings: AuthSettings) -> None:
    path = ensured_local_key(settings)
    assert path is not None
    before = path.read_text()
    settings.keys.unlink()

    assert ensured_local_key(settings) == path
    assert path.read_text() != before
    assert local_key(settings) == path
