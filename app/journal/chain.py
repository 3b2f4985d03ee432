"""The chain that one writer writes: frames in segments, each bound to all that came before."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.journal.frames import GENESIS, MARKER_BYTES, Flag, Frame, framed
from app.journal.payloads import Packer, sealed
from app.journal.segments import (
    FORMAT,
    OPENING_BYTES,
    Opening,
    Segment,
    SegmentFile,
    SegmentPath,
    segment_path,
    segments_in,
)
from deployments.keyring import Keyring
from deployments.log import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a chain goes: records, the head behind the last of them, the number of the segment
    that they end in."""

    count: int = 0
    head: bytes = GENESIS
    segment: int = 0


@dataclass(frozen=True, slots=True)
class ChainForm:
    """How new segments are written."""

    sync: bool = False
    segment_bytes: int = 64 * 2**20
    segment_s: float = 86_400
    keyring: Keyring | None = None
    now_ns: Callable[[], int] = time.time_ns


class Chain:
    """Appends records behind ``position``; ``bytes`` is how many it has written. For one thread at
    a time."""

    def __init__(self, folder: Path, writer: str, position: Position, form: ChainForm) -> None:
        self.folder = folder
        self.writer = writer
        self.position = position
        self.bytes = 0
        self._form = form
        self._packer = Packer()
        self._segment: _Open | None = None

    @classmethod
    def recovered(cls, folder: Path, writer: str, form: ChainForm) -> "Chain":
        """Behind what this writer wrote before. What it did not finish, as it was killed, is cut
        off. Raises OSError."""
        return cls(folder, writer, recovered(folder), form)

    def write(self, records: Sequence[bytes]) -> None:
        """As one frame, on disk when it returns. Raises OSError; then none of them is."""
        now = self._form.now_ns()
        segment = self._segment
        if segment is None or self._over(segment, now):
            segment = self._begin(now)
        flags, payload = self._packer.packed(records)
        position = self.position
        if segment.key is not None:
            flags |= Flag.ENCRYPTED
            payload = sealed(payload, segment.key, position.count, segment.context)
        self._append(segment, payload, flags, len(records), now)

    def turn_over(self) -> None:
        """Begin another segment. Raises OSError."""
        self._begin(self._form.now_ns())

    @property
    def overdue(self) -> bool:
        """Whether its segment is to end by its age, or its size, and has a record."""
        segment = self._segment
        return (
            segment is not None
            and self.position.count > segment.first
            and self._over(segment, self._form.now_ns())
        )

    def close(self) -> None:
        """Leave it for whoever goes on with it."""
        if self._segment is not None:
            self._segment.file.close()
            self._segment = None

    def _over(self, segment: "_Open", now_ns: int) -> bool:
        form = self._form
        return (
            not segment.file.usable
            or segment.file.size >= form.segment_bytes
            or now_ns - segment.begun_ns >= form.segment_s * 1e9
        )

    def _begin(self, now_ns: int) -> "_Open":
        self.close()
        before, number = self.position, self.position.segment + 1
        marker = os.urandom(MARKER_BYTES)
        opening = Opening(FORMAT, self.writer, number, before.head, marker)
        key = None
        if self._form.keyring is not None:
            key, wrapped = self._form.keyring.new_data_key(opening.context)
            opening = msgspec.structs.replace(opening, data_key=wrapped)
        file = SegmentFile(segment_path(self.folder, number), sync=self._form.sync)
        segment = _Open(file, marker, opening.context, key, before.count, now_ns)
        try:
            self._append(segment, msgspec.json.encode(opening), Flag.OPENING, 0, now_ns)
        except OSError:
            file.discard()
            raise
        self._segment = segment
        return segment

    def _append(self, segment: "_Open", payload: bytes, flags: int, count: int, now: int) -> None:
        position = self.position
        before, head = framed(
            segment.marker,
            position.head,
            payload,
            flags=flags,
            count=count,
            first=position.count,
            time_ns=now,
        )
        segment.file.append(before, payload)
        self.bytes += len(before) + len(payload)
        number = position.segment + 1 if flags & Flag.OPENING else position.segment
        self.position = Position(position.count + count, head, number)


@dataclass(frozen=True, slots=True)
class _Open:
    """The segment that is written; ``first`` is the number of its first record."""

    file: SegmentFile
    marker: bytes
    context: bytes
    key: bytes | None
    first: int
    begun_ns: int


def recovered(folder: Path) -> Position:
    """How far the chain in this folder goes, whose torn end is cut off. Raises OSError."""
    number = 0
    for one in reversed(segments_in(folder)):
        last = _last_frame(one)
        # A longer file without a whole frame has been damaged since: it is left to the auditor.
        if last is None and one.path.stat().st_size < OPENING_BYTES:
            logger.warning("journal segment %s was only begun, and is removed", one.path)
            one.path.unlink()
            continue
        number = max(number, one.number)
        if last is not None:
            return Position(last.first + last.count, last.head, number)
    return Position(segment=number)


def _last_frame(one: SegmentPath) -> Frame | None:
    """The last whole frame of a segment, behind which nothing is left."""
    segment = Segment.read(one.path)
    last: Frame | None = None
    for found in segment.frames():
        if isinstance(found, Frame):
            last = found
        elif last is not None and found.end == len(segment.data):
            logger.warning(
                "journal segment %s ended within a frame: its last %d bytes are cut off",
                *(one.path, found.end - found.begin),
            )
            os.truncate(one.path, found.begin)
        else:
            logger.error(
                "journal segment %s is damaged from byte %d to %d: verify the journal",
                *(one.path, found.begin, found.end),
            )
    return last
