"""Keys that follow their file."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.access.followed_keys import FollowedKeys
from app.access.key import id_of, new_key
from app.access.key_file import BrokenKeys, changing
from app.access.settings import AuthSettings
from app.serving.errors import Unauthenticated
from tests.support.keys import PEPPER, record
from tests.support.wait import wait_for


@pytest.fixture
def settings(tmp_path: Path) -> AuthSettings:
    (tmp_path / "pepper").write_bytes(PEPPER)
    return AuthSettings.model_validate(
        {"keys": "keys.json", "pepper": {"file": "pepper"}}, context=tmp_path
    )


@pytest.fixture
async def followed(settings: AuthSettings) -> AsyncIterator[FollowedKeys]:
    followed = FollowedKeys(settings)
    await followed.start()
    yield followed
    await followed.close()


def write(settings: AuthSettings, *keys: str) -> None:
    with changing(settings.keys) as draft:
        draft.keys = {id_of(key): record(key) for key in keys}


def counts(followed: FollowedKeys, key: str) -> bool:
    try:
        return followed.principal(key.encode()).id == "tester"
    except Unauthenticated:
        return False


async def test_a_key_is_taken_and_revoked_within_a_second(
    settings: AuthSettings, followed: FollowedKeys
) -> None:
    key, other = new_key(), new_key()
    assert followed.none_counts

    write(settings, key)
    await wait_for(lambda: counts(followed, key), timeout_s=1)
    write(settings, key, other)
    await wait_for(lambda: counts(followed, other), timeout_s=1)
    write(settings, other)
    await wait_for(lambda: not counts(followed, key), timeout_s=1)
    assert counts(followed, other)
    settings.keys.unlink()
    await wait_for(lambda: followed.none_counts, timeout_s=1)
    assert followed.problems() == []


async def test_a_broken_file_leaves_the_keys_and_is_told_until_it_is_mended(
    settings: AuthSettings, followed: FollowedKeys, log: pytest.LogCaptureFixture
) -> None:
    key = new_key()
    write(settings, key)
    await wait_for(lambda: counts(followed, key))
    whole = settings.keys.read_bytes()

    settings.keys.write_bytes(whole[:-9])
    await wait_for(lambda: bool(followed.problems()))
    assert counts(followed, key)
    (told,) = followed.problems()
    assert str(settings.keys) not in told
    assert str(settings.keys) in log.text

    settings.keys.write_bytes(whole)
    await wait_for(lambda: not followed.problems())
    assert counts(followed, key)


async def test_a_pepper_that_is_missing_is_told_until_it_is_there(
    settings: AuthSettings, followed: FollowedKeys
) -> None:
    pepper = settings.pepper.file
    assert pepper is not None
    pepper.unlink()
    key = new_key()
    write(settings, key)
    await wait_for(lambda: bool(followed.problems()))
    assert followed.none_counts

    pepper.write_bytes(PEPPER)
    await wait_for(lambda: counts(followed, key))
    assert not followed.problems()


async def test_one_that_is_broken_from_the_start_stops_the_start(settings: AuthSettings) -> None:
    settings.keys.write_text("{")

    with pytest.raises(BrokenKeys):
        await FollowedKeys(settings).start()


async def test_a_file_swapped_as_kubernetes_does_is_followed(
    settings: AuthSettings, followed: FollowedKeys
) -> None:
    """The folder of a mounted secret is a link, which is replaced."""
    key = new_key()
    one = settings.keys.parent / "..data_1"
    one.mkdir()
    write(settings.model_copy(update={"keys": one / "keys.json"}), key)
    settings.keys.symlink_to(one / "keys.json")
    await wait_for(lambda: counts(followed, key))

    two = settings.keys.parent / "..data_2"
    two.mkdir()
    write(settings.model_copy(update={"keys": two / "keys.json"}))
    new = settings.keys.parent / "new"
    new.symlink_to(two / "keys.json")
    os.replace(new, settings.keys)
    await wait_for(lambda: not counts(followed, key))
