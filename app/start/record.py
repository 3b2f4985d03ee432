"""What a run has started, on disk: a later start ends what it left, by number and age."""

import json
import os
import stat
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from app.start.address import ConfigError
from app.start.family import Family

_SAME_S = 1.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A process, told apart from a later one with its number by when it started, in seconds since
    the boot: clocks are set."""

    pid: int
    started_s: float

    @classmethod
    def of(cls, process: psutil.Process) -> "Mark":
        return cls(process.pid, round(process.create_time() - psutil.boot_time(), 2))

    @property
    def runs(self) -> bool:
        """Whether it does, and is no zombie."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            same = abs(Mark.of(process).started_s - self.started_s) < _SAME_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        return False


class Record:
    """That of the run that this process launches."""

    def __init__(self, folder: Path, config: Path) -> None:
        self._launcher = Mark.of(psutil.Process())
        self._path = folder / f"{self._launcher.pid}.json"
        self._config = str(config.absolute())
        self._saved: dict[psutil.Process, Mark] = {}

    def save(self, sessions: Collection[int], running: Iterable[psutil.Process]) -> None:
        """Write down who runs in which sessions, if that is news. Raises OSError."""
        marks: dict[psutil.Process, Mark] = {}
        for one in running:
            with suppress(psutil.NoSuchProcess):
                marks[one] = self._saved.get(one) or Mark.of(one)
        if marks == self._saved:
            return
        told = {
            "launcher": asdict(self._launcher),
            "config": self._config,
            "sessions": sorted(sessions),
            "processes": [asdict(mark) for mark in marks.values()],
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(told))
        draft.replace(self._path)
        self._saved = marks

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".new").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run has left whose launcher is gone."""

    config: str
    launcher: int
    family: Family
    path: Path


def folder() -> Path:
    """Where this user's records are. Raises ConfigError where others can write there."""
    found = Path(tempfile.gettempdir(), f"windsock-{os.getuid()}")
    try:
        found.mkdir(mode=0o700, exist_ok=True)
        told = found.lstat()
    except OSError as error:
        raise ConfigError(
            f"no record of processes can be kept in {found}: {error.strerror}; name another folder "
            "for temporary files by TMPDIR"
        ) from error
    if not stat.S_ISDIR(told.st_mode) or told.st_uid != os.getuid() or told.st_mode & 0o022:
        raise ConfigError(
            f"{found}, where the processes of a run are recorded, is not a folder of this user's "
            "alone: remove it, or name another folder for temporary files by TMPDIR"
        )
    return found


def left(records: Path) -> Iterator[Left]:
    """The runs of which nothing but processes is left; records that hold nothing more go."""
    for path in sorted(records.glob("*.json")):
        try:
            told = json.loads(path.read_text())
            launcher = Mark(**told["launcher"])
            marks = [Mark(**one) for one in told["processes"]]
            sessions, config = set(told["sessions"]), str(told["config"])
        except (OSError, ValueError, KeyError, TypeError):  # written by another version, say
            path.unlink(missing_ok=True)
            continue
        if launcher.runs:
            continue
        # The number of a session is not given again while one of its processes runs.
        found = {_session(mark) for mark in marks if mark.runs} & sessions
        if found:
            yield Left(config, launcher.pid, Family(found), path)
        else:
            path.unlink(missing_ok=True)


def _session(mark: Mark) -> int:
    with suppress(ProcessLookupError):
        return os.getsid(mark.pid)
    return 0
