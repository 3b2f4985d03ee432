"""Room in the places that a start writes, on small file systems of its own where this user may
mount some: a child does, in a namespace that goes with it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.start.address import ConfigError
from app.start.disk import Place, check_places, log_place, places
from app.start.environment import ray_environment, second_cluster

MB = 2**20
_CHECK = """
import sys
from pathlib import Path
from app.start.address import ConfigError
from app.start.disk import Place, check_places
folders = sys.argv[1:]
try:
    parts = enumerate(map(Path, folders))
    check_places(Place(f"part {n}", one, 3 * 2**20, f"set {n}") for n, one in parts)
except ConfigError as error:
    print(error)
"""


def told(mount: str, then: str, *folders: Path) -> str:
    """What is said of folders below one on which a file system is mounted with these options."""
    disk = folders[0]
    script = f'mount -t tmpfs -o {mount} tmpfs "$0" && {{ {then or ":"}; }} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, str(disk), sys.executable, "-c", _CHECK]
    done = subprocess.run(
        [*command, *map(str, folders)], capture_output=True, text=True, check=False
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this user may not mount")
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


def test_a_disk_without_room_is_told_with_what_is_free_and_needed(tmp_path: Path) -> None:
    assert told("size=2m", "", tmp_path) == (
        f"the disk of {tmp_path} is full: 2 MB are free, and 3 MB are needed for part 0 "
        f"({tmp_path}): make room, or set 0"
    )
    assert told("size=4m", "", tmp_path) == ""


def test_one_that_is_full_to_the_last_byte_is_told_in_the_same_words(tmp_path: Path) -> None:
    fill = 'dd if=/dev/zero of="$0"/all bs=1M 2>/dev/null || true'
    assert f"the disk of {tmp_path} is full: 0 kB are free" in told("size=4m", fill, tmp_path)


def test_what_comes_to_one_disk_must_fit_there_together(tmp_path: Path) -> None:
    both = (tmp_path, tmp_path / "not" / "yet")
    assert told("size=4m", "", *both) == (
        f"the disk of {tmp_path} is full: 4 MB are free, and 6 MB are needed for part 0 "
        f"({tmp_path}) and part 1 ({tmp_path}): make room, or set 0 or set 1"
    )
    assert told("size=7m", "", *both) == ""


def test_a_disk_that_takes_no_more_files_is_told(tmp_path: Path) -> None:
    assert told("size=9m,nr_inodes=100", "", tmp_path) == (
        f"the disk of {tmp_path} takes no more files: 99 inodes are free, and 1000 are needed for "
        f"part 0 ({tmp_path}): delete files, or set 0"
    )


def test_a_disk_that_is_read_only_is_told(tmp_path: Path) -> None:
    read_only = 'mount -o remount,ro "$0"'
    assert told("size=9m", read_only, tmp_path) == (
        f"part 0 would lie in {tmp_path}, and {tmp_path} is read-only: set 0"
    )


def refusal(folder: Path, *, made: bool = True) -> str:
    with pytest.raises(ConfigError) as refused:
        check_places(iter([Place("the log", folder, MB, "set TMPDIR", made)]))
    return str(refused.value)


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        told = refusal(folder)
        assert told.startswith(f"the log would lie in {folder}, and {file} is no folder: set")


def test_a_folder_that_will_be_made_needs_not_be_there(tmp_path: Path) -> None:
    check_places(iter([Place("the log", tmp_path / "a" / "b", MB, "set TMPDIR")]))
    assert list(tmp_path.iterdir()) == []

    missing = tmp_path / "shm"
    assert refusal(missing, made=False) == (
        f"the log would lie in {missing}, which there is not: set TMPDIR"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a while")
def test_a_folder_of_another_user_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        theirs, closed = Path(name), Path(name, "closed")
        theirs.chmod(0o755)
        closed.mkdir(mode=0o700)
        os.seteuid(65534)
        try:
            told, hidden = refusal(theirs), refusal(closed / "below")
        finally:
            os.seteuid(0)

    assert told == (
        f"the log would lie in {theirs}, and {theirs} this user may not write: set TMPDIR"
    )
    assert hidden.endswith("where this user may not look: set TMPDIR")


def by_name(**environment: str) -> dict[str, Place]:
    return {one.what: one for one in places({**ray_environment(haproxy=True), **environment})}


def test_they_are_where_rays_own_variables_have_them(tmp_path: Path) -> None:
    found = by_name(
        HOME=str(tmp_path),
        RAY_TMPDIR="/var/tmp",
        RAY_SERVE_HAPROXY_CONFIG_FILE_LOC="/run/haproxy/haproxy.cfg",
    )
    assert {name: str(place.folder) for name, place in found.items()} == {
        "Ray's files": "/var/tmp/ray",
        "Ray's object store": "/dev/shm",
        "the log": tempfile.gettempdir(),
        "HAProxy's files": "/run/haproxy",
        "Ray's token": str(tmp_path / ".ray"),
    }
    assert str(by_name(HOME=str(tmp_path))["HAProxy's files"].folder) == "/tmp/haproxy-serve"
    plain = by_name(RAY_SERVE_ENABLE_HA_PROXY="0", TMPDIR="/var/tmp", RAY_AUTH_MODE="disabled")
    assert "HAProxy's files" not in plain
    assert "Ray's token" not in plain
    assert str(plain["Ray's files"].folder) == "/var/tmp/ray"


def test_a_token_that_is_there_already_takes_no_room(tmp_path: Path) -> None:
    file = tmp_path / ".ray" / "auth_token"
    file.parent.mkdir()
    file.touch()
    assert "Ray's token" in by_name(HOME=str(tmp_path))
    assert "Ray's token" not in by_name(HOME=str(tmp_path), RAY_AUTH_TOKEN="abc")
    file.write_text("abc")
    assert "Ray's token" not in by_name(HOME=str(tmp_path))
    assert "Ray's token" not in by_name(RAY_AUTH_TOKEN_PATH=str(file))


def test_a_token_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "token")
    with pytest.raises(ConfigError, match=f"RAY_AUTH_TOKEN_PATH is {missing}, where no token is"):
        by_name(RAY_AUTH_TOKEN_PATH=missing)
    (tmp_path / ".ray" / "auth_token").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"Ray's token cannot be read from .*Is a directory"):
        by_name(HOME=str(tmp_path))


def test_a_path_that_is_too_long_for_sockets_is_told() -> None:
    folder = f"/{'x' * 50}"
    for name, path in (
        ("RAY_TMPDIR", folder),
        ("RAY_SERVE_HAPROXY_SOCKET_PATH", f"{folder}/admin.sock"),
    ):
        told = rf"^{folder} is \d+ bytes too long a path .*: set {name} to a shorter one$"
        with pytest.raises(ConfigError, match=told):
            by_name(**{name: path})


def test_the_sockets_beside_haproxys_own_count_with_its_name() -> None:
    """The longest path is /FOLDER/NODE/NAME.n, of 97 bytes at most."""
    name = "RAY_SERVE_HAPROXY_SOCKET_PATH"
    for file in ("admin.sock", "a"):
        fits = 97 - len(f"//{'0' * 56}/{file}.n")
        by_name(**{name: f"/{'x' * fits}/{file}"})
        with pytest.raises(ConfigError, match=r" is 1 bytes too long a path "):
            by_name(**{name: f"/{'x' * (fits + 1)}/{file}"})


def test_the_folder_of_a_graph_beside_another_is_short_enough() -> None:
    """That of `windsock env --beside`, with HAProxy on."""
    folder = Path("/tmp/windsock-12000")
    by_name(**ray_environment(haproxy=True), **second_cluster(12_000, folder))


def test_the_log_has_a_place_even_where_no_folder_takes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert log_place().folder == tmp_path
