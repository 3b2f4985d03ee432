"""Segments: the files of a chain. Each begins with a frame that says where in the chain it is."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.journal.frames import MARKER_BYTES, Damage, Flag, Frame, frame_at, frames_of

FORMAT = 1
_SUFFIX = ".segment"

OPENING_BYTES = 4096
"""More than an opening frame ever takes."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first frame of a segment, as JSON; bytes are in base64 there."""

    format: int
    writer: str
    segment: int
    previous: bytes
    marker: bytes
    data_key: bytes | None = None
    """Wrapped by a keyring."""

    @property
    def context(self) -> bytes:
        """What its data key, and all that is encrypted with it, is for."""
        return f"windsock journal {self.writer} {self.segment}".encode()


@dataclass(frozen=True, slots=True)
class SegmentPath:
    """A segment's file, by its number in the chain."""

    path: Path
    number: int


@dataclass(frozen=True, slots=True)
class Segment:
    """The content of one; ``opening`` is None where that is damaged."""

    opening: Opening | None
    data: bytes

    @classmethod
    def read(cls, path: Path) -> "Segment":
        """Raises OSError."""
        data = path.read_bytes()
        first = frame_at(data, 0, data[:MARKER_BYTES]) if data else None
        return cls(opening_of(first) if first else None, data)

    def frames(self) -> Iterator[Frame | Damage]:
        """All of it in order."""
        marker = self.opening.marker if self.opening else self.data[:MARKER_BYTES]
        return frames_of(self.data, marker)


def opening_of(frame: Frame) -> Opening | None:
    """What an opening frame says; None where this is none, or of another format."""
    if not frame.flags & Flag.OPENING:
        return None
    try:
        opening = msgspec.json.decode(frame.payload, type=Opening)
    except msgspec.MsgspecError:
        return None
    return opening if opening.format == FORMAT else None


def first_frame(path: Path) -> Frame | None:
    """The opening frame of a file; None where that is damaged. Raises OSError."""
    with path.open("rb") as file:
        data = file.read(OPENING_BYTES)
    return frame_at(data, 0, data[:MARKER_BYTES])


def segment_path(folder: Path, number: int) -> Path:
    """Where the segment of this number lies."""
    return folder / f"{number:010}{_SUFFIX}"


def segments_in(folder: Path) -> list[SegmentPath]:
    """Those of a writer, in order."""
    found = [
        SegmentPath(path, int(path.stem))
        for path in folder.glob(f"*{_SUFFIX}")
        if path.stem.isascii() and path.stem.isdigit()
    ]
    return sorted(found, key=lambda one: one.number)


class SegmentFile:
    """A new segment, to which frames are appended: each wholly, or not at all."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        """Raises OSError."""
        self.path = path
        self.size = 0
        self.usable = True
        self._sync = sync
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        if sync:
            try:
                flushed(path.parent, ())
            except OSError:
                self.discard()
                raise

    def append(self, *parts: bytes) -> None:
        """Raises OSError where it cannot be kept; then nothing of it is there."""
        wanted = sum(map(len, parts))
        try:
            written = os.writev(self._file, parts)
            if written < wanted:
                rest = memoryview(b"".join(parts))[written:]
                while rest:
                    rest = rest[os.write(self._file, rest) :]
            if self._sync:
                os.fdatasync(self._file)
        except OSError:
            self._undo()
            raise
        self.size += wanted

    def close(self) -> None:
        """Its frames are all there."""
        os.close(self._file)

    def discard(self) -> None:
        """It holds nothing that is to be kept."""
        os.close(self._file)
        self.path.unlink()

    def _undo(self) -> None:
        try:
            os.ftruncate(self._file, self.size)
        except OSError:  # a reader passes over it as damage, and the chain goes on elsewhere
            self.usable = False


def flushed(folder: Path, paths: Iterable[Path]) -> None:
    """See that these files of a folder are on the disk. Raises OSError."""
    for path in paths:
        _synced(path, os.O_RDONLY)
    _synced(folder, os.O_RDONLY | os.O_DIRECTORY)


def _synced(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
