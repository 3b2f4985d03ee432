"""The file of keys: written whole or not at all, and refused where it is wrong."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.access.key import new_key
from app.access.key_file import BrokenKeys, changing, read
from app.access.principal import Limit, Scope
from tests.support.keys import record


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    limit = Limit(name="second", unit="rows", quota=1000)
    whole = record(
        new_key(),
        scopes=(Scope.PREDICT, Scope.ADMIN),
        limits=(limit,),
        expires=datetime.now(UTC) + timedelta(days=1),
    )
    with changing(path) as draft:
        draft.keys[whole.id] = whole

    assert read(path) == (whole,)
    assert whole.who.scopes == {Scope.PREDICT, Scope.ADMIN}
    assert whole.who.limits == (limit,)


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read(tmp_path / "keys.json") == ()


def test_nobody_else_may_read_it_unless_they_might_before(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keys.json"
    with changing(path) as draft:
        draft.keys["a"] = record(new_key())
    modes = {one: stat.S_IMODE(one.stat().st_mode) for one in (path.parent, *path.parent.iterdir())}
    assert modes.pop(path.parent) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"
    del modes[path.parent / ".gitignore"]
    assert set(modes.values()) == {0o600}

    path.chmod(0o640)
    with changing(path) as draft:
        draft.keys.clear()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_change_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with changing(path) as draft:
        draft.keys["a"] = record(new_key())
    before = path.read_bytes()

    with pytest.raises(TypeError), changing(path) as draft:
        draft.keys.clear(1)  # type: ignore[call-arg]

    assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"keys.json", "keys.json.lock"}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.symlink_to(tmp_path / "elsewhere.json")
    with changing(path) as draft:
        draft.keys["a"] = record(new_key())

    assert path.is_symlink()
    assert len(read(tmp_path / "elsewhere.json")) == 1


_WRITER = """
import sys
from pathlib import Path
from app.access.key import new_key
from app.access.key_file import changing
from tests.support.keys import record
for _ in range(20):
    with changing(Path(sys.argv[1])) as draft:
        one = record(new_key())
        draft.keys[one.id] = one
"""


def test_several_writers_lose_nothing_and_readers_see_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, path]) for _ in range(3)]
    seen = 0
    while any(one.poll() is None for one in writers):
        now = len(read(path))  # raises where it is not whole
        assert now >= seen
        seen = now

    assert [one.returncode for one in writers] == [0, 0, 0]
    assert len(read(path)) == 60


_RECORD = json.loads(record(new_key()).model_dump_json())


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "EOF"),
        ("[]", "object"),
        ({"format": 2, "keys": []}, "format"),
        ({"keys": [_RECORD, _RECORD]}, "twice"),
        ({"keys": [{**_RECORD, "scopes": []}]}, "scopes"),
        ({"keys": [{**_RECORD, "scopes": ["root"]}]}, "scopes"),
        ({"keys": [{**_RECORD, "hash": "00"}]}, "hash"),
        ({"keys": [{**_RECORD, "secret": "x"}]}, "secret"),
        ({"keys": [{**_RECORD, "principal": "a\nb"}]}, "principal"),
        ({"keys": [{**_RECORD, "expires": "2026-01-01T00:00:00"}]}, "expires"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, document: object, problem: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))

    with pytest.raises(BrokenKeys, match=problem) as refused:
        read(path)
    assert str(path) in str(refused.value)


def test_one_that_cannot_be_read_is_not_one_that_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    os.mkdir(path)

    with pytest.raises(BrokenKeys, match="cannot be read"):
        read(path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "keys.json"
    os.mkfifo(pipe)

    with pytest.raises(BrokenKeys, match="it is no file"):
        read(pipe)
