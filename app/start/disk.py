"""The places that a start writes to, and whether there is room in them."""

import errno
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.start.address import ConfigError

_MB = 2**20
_FILES = 1000
"""A start makes some two hundred files in all."""

# A start writes 3 MB; the rest is for what Ray logs in its first hours. Below, replicas that start
# later would be the ones that fail.
_RAY, _LOG, _HAPROXY, _TOKEN = 48 * _MB, 8 * _MB, 8 * _MB, 2**12

# Below the folder of each, the longest socket, and how long its whole path may be: the kernel's
# limit, and HAProxy's own. HAProxy's lie in a folder that has the name of the node, and those of
# ours (app/ray_private/haproxy_template.py) have the name of Ray's and a letter more.
_RAYS_SOCKET = "ray/session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
_RAYS_LONGEST = 107 if sys.platform == "linux" else 103
_HAPROXYS_SOCKET = f"{'0' * 56}/{{}}.n"
_HAPROXYS_LONGEST = 97


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is written to, and may yet have to be made (``made``): how many bytes it takes,
    and how to have it elsewhere."""

    what: str
    folder: Path
    needs: int
    change: str
    made: bool = True


def places(environment: Mapping[str, str]) -> Iterator[Place]:
    """Those of a start with this environment that has a Ray of its own on this machine. Raises
    ConfigError for a token that cannot be read."""
    rays = rays_folder(environment)
    _check_path("RAY_TMPDIR", rays.parent, _RAYS_SOCKET, _RAYS_LONGEST)
    yield Place("Ray's files", rays, _RAY, "set RAY_TMPDIR to another folder")
    if sys.platform == "linux":
        # What does not fit there is in Ray's own folder: it may be as small as containers have it.
        change = "mount a tmpfs there (docker run --shm-size=1g)"
        yield Place("Ray's object store", Path("/dev/shm"), 0, change, made=False)
    yield log_place()
    if environment.get("RAY_SERVE_ENABLE_HA_PROXY") == "1":
        name = "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC"
        file = Path(environment.get(name, "/tmp/haproxy-serve/haproxy.cfg"))
        admin = "RAY_SERVE_HAPROXY_SOCKET_PATH"
        socket = Path(environment.get(admin, "/tmp/haproxy-serve/admin.sock"))
        longest = _HAPROXYS_SOCKET.format(socket.name)
        _check_path(admin, socket.parent, longest, _HAPROXYS_LONGEST)
        change = f"set {name} and the others that `windsock env --beside 12000` prints"
        yield Place("HAProxy's files", file.parent, _HAPROXY, change)
    if token := _token(environment):
        change = "set RAY_AUTH_TOKEN, or HOME to another folder"
        yield Place("Ray's token", token.parent, _TOKEN, change)


def rays_folder(environment: Mapping[str, str]) -> Path:
    """Where Ray keeps the files of its sessions."""
    system = "/tmp"
    if sys.platform == "linux":
        system = environment.get("TMPDIR", system)
    return Path(environment.get("RAY_TMPDIR", system)) / "ray"


def log_place() -> Place:
    """Where the launcher keeps what Ray prints."""
    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:  # each that it knows was tried by writing: which one is told below
        folder = os.environ.get("TMPDIR") or "/tmp"
    return Place("the log", Path(folder), _LOG, "set TMPDIR to another folder")


def check_places(wanted: Iterator[Place]) -> None:
    """Refuse a place that cannot be written, or has no room for all that comes to its disk. Raises
    ConfigError."""
    disks: defaultdict[int, list[tuple[Place, Path]]] = defaultdict(list)
    for place in wanted:
        folder = _existing(place)
        disks[folder.stat().st_dev].append((place, folder))
    for together in disks.values():
        for place, folder in together:
            _check_writable(place, folder)
        _check_room(together)


def _existing(place: Place) -> Path:
    """The folder, or the nearest above it that there is, in which it can be made."""
    would = f"{place.what} would lie in {place.folder}"
    for folder in (place.folder, *(place.folder.absolute().parents if place.made else ())):
        try:
            if folder.is_dir():
                return folder
            there = folder.exists()
        except PermissionError as error:
            raise ConfigError(f"{would}, where this user may not look: {place.change}") from error
        if there:
            raise ConfigError(f"{would}, and {folder} is no folder: {place.change}")
    raise ConfigError(f"{would}, which there is not: {place.change}")


def _check_path(name: str, folder: Path, socket: str, longest: int) -> None:
    """Refuse a folder whose path, which this variable names, is too long for a socket in it."""
    over = len(os.fsencode(folder / socket)) - longest
    if over > 0:
        raise ConfigError(
            f"{folder} is {over} bytes too long a path for the sockets that will lie in it: set "
            f"{name} to a shorter one"
        )


def _check_room(together: list[tuple[Place, Path]]) -> None:
    """Of places on one disk."""
    where = together[0][1]
    disk = os.statvfs(where)
    free, needed = disk.f_bavail * disk.f_frsize, sum(place.needs for place, _ in together)
    what = _words([f"{place.what} ({folder})" for place, folder in together])
    changes = " or ".join(dict.fromkeys(place.change for place, _ in together))
    if free < needed:
        raise ConfigError(
            f"the disk of {where} is full: {_size(free)} are free, and {_size(needed)} are needed "
            f"for {what}: make room, or {changes}"
        )
    if disk.f_files and disk.f_favail < _FILES and needed:
        raise ConfigError(
            f"the disk of {where} takes no more files: {disk.f_favail} inodes are free, and "
            f"{_FILES} are needed for {what}: delete files, or {changes}"
        )


def _check_writable(place: Place, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return  # a matter of room
        why = {errno.EROFS: "is read-only", errno.EACCES: "this user may not write"}
        reason = why.get(error.errno or 0, f"takes no file ({error.strerror})")
        raise ConfigError(
            f"{place.what} would lie in {place.folder}, and {folder} {reason}: {place.change}"
        ) from error


def _token(environment: Mapping[str, str]) -> Path | None:
    """The file that Ray will write its token to; none where it has one, or goes without."""
    if environment.get("RAY_AUTH_TOKEN") or not _asks_token(environment):
        return None
    given = environment.get("RAY_AUTH_TOKEN_PATH")
    file = Path(given or Path(environment.get("HOME") or Path.home(), ".ray", "auth_token"))
    try:
        if file.read_text().strip():
            return None
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Ray's token cannot be read from {file} ({error}): make it this user's, or set "
            "RAY_AUTH_TOKEN"
        ) from error
    if given:
        raise ConfigError(
            f"RAY_AUTH_TOKEN_PATH is {given}, where no token is: unset it, and Ray makes one in "
            "~/.ray"
        )
    return file


def _asks_token(environment: Mapping[str, str]) -> bool:
    return environment.get("RAY_AUTH_MODE", "token").lower() == "token"


def _words(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _size(count: int) -> str:
    return f"{count / _MB:.0f} MB" if count >= _MB else f"{count / 1024:.0f} kB"
