"""The second place: a folder, or a Redis that lets nothing be taken back."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.journal.errors import JournalUnusable
from app.journal.seal_places import SealFolder, SealPlace, seal_place
from app.journal.settings import SealSettings
from app.secrets import Secret
from tests.support.journals import journal_settings, opened, verified
from tests.support.redis import RedisServer, breakable_redis
from tests.support.wait import wait_for

SERVICE = ["+rpush", "+lrange", "+scan", "+ping", "+hello", "+client|setinfo", "~windsock:seals:*"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with breakable_redis(tmp_path) as running:
        yield running


@pytest.fixture
def url(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a user who can only append."""
    with redis.Redis(port=server.port) as client:
        client.acl_setuser("windsock", enabled=True, passwords="+pass-word", reset_keys=True)
        client.execute_command("ACL", "SETUSER", "windsock", *SERVICE)
    name = f"redis://windsock:pass-word@127.0.0.1:{server.port}/0"
    monkeypatch.setenv("SEALS_URL", name)
    return name


@pytest.fixture(params=["folder", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> SealPlace:
    if request.param == "folder":
        return SealFolder(tmp_path / "seals")
    request.getfixturevalue("url")
    return seal_place(SealSettings(redis=Secret(env="SEALS_URL")))


def test_lines_are_kept_in_order(place: SealPlace) -> None:
    assert place.lines("one") == []
    assert list(place.writers()) == []
    for line in (b"first", b"second"):
        place.put("one", line)
    place.put("other", b"third")

    assert place.lines("one") == [b"first", b"second"]
    assert list(place.writers()) == ["one", "other"]


def test_files_are_of_their_owner_alone(tmp_path: Path) -> None:
    SealFolder(tmp_path / "seals").put("one", b"line")

    (path,) = (tmp_path / "seals").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_whoever_appends_takes_nothing_back(url: str) -> None:
    place = seal_place(SealSettings(redis=Secret(env="SEALS_URL")))
    place.put("one", b"line")

    with redis.Redis.from_url(url) as client:
        for command in (("DEL",), ("LTRIM", 0, 0), ("LSET", 0, "x"), ("RENAME", "elsewhere")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(command[0], "windsock:seals:one", *command[1:])

    assert place.lines("one") == [b"line"]


async def test_a_journal_is_sealed_in_redis_and_waits_for_it(
    tmp_path: Path, server: RedisServer, url: str
) -> None:
    settings = journal_settings(tmp_path, seals={"redis": Secret(env="SEALS_URL"), "every_s": 0.1})
    async with opened(settings) as journal:
        await journal.append(b"one").kept()
        await wait_for(lambda: verified(settings).writers[0].complete == 1)
        server.hang()
        await journal.append(b"two").kept()
        server.resume()
        await wait_for(lambda: verified(settings).writers[0].complete == 2)
        server.kill()
        await journal.append(b"three").kept()
        await wait_for(lambda: journal.problems() != [])
        assert journal.problems() == ["the journal cannot be sealed: Redis: ConnectionError"]


@pytest.mark.parametrize("wrong", ["", "localhost:6379", "http://secret@host"])
def test_a_url_that_is_none_is_not_repeated(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALS_URL", wrong)
    with pytest.raises(JournalUnusable, match="Redis") as raised:
        seal_place(SealSettings(redis=Secret(env="SEALS_URL")))
    assert "secret" not in str(raised.value).replace("holds no secret", "")
