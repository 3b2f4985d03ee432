"""Follows a journal: what was written since somebody looked last, also while it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import NamedTuple

from app.journal.frames import Frame, frame_at, frames_of
from app.journal.payloads import records_of
from app.journal.segments import Opening, SegmentPath, first_frame, opening_of, segments_in
from app.journal.writers import writer_folders
from deployments.keyring import Keyring, KeyringError
from deployments.log import get_logger

logger = get_logger(__name__)

_AT_ONCE = 2**20


class Place(NamedTuple):
    """Up to where a writer's chain was read: the number of a segment, and bytes of it. ``marker``
    and ``time_ns``, of what was read last, tell it from others that have its number since: as
    somebody deleted the journal, or the machine died before the segment was on disk."""

    segment: int = 0
    byte: int = 0
    marker: bytes = b""
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """The records of one frame. ``behind`` is the place behind it."""

    writer: str
    behind: Place
    time_ns: int
    records: list[bytes]


class Tail:
    """Of the journal in ``directory``. Its methods block, and raise OSError."""

    def __init__(self, directory: Path, keyring: Keyring | None = None) -> None:
        self._directory = directory
        self._keyring = keyring
        self._keys: dict[bytes, bytes] = {}

    def since(self, places: Mapping[str, Place]) -> Iterator[Written]:
        """What is behind these places, by writer, ordered by time. What is damaged is passed over,
        and logged, once something is written behind it; what is only begun waits. Raises
        KeyringError where an encrypted one does not open."""
        chains = [
            self._of(segments, places.get(writer, Place())) for writer, segments in self._chains()
        ]
        return merge(*chains, key=lambda written: written.time_ns)

    def behind(self, places: Mapping[str, Place]) -> int:
        """How many bytes lie behind these places."""
        count = 0
        for writer, segments in self._chains():
            place = places.get(writer, Place())
            count += sum(max(0, _size(one) - begin) for one, begin in _unread(segments, place))
        return count

    def _chains(self) -> Iterator[tuple[str, list[SegmentPath]]]:
        """The segments of all writers that have begun one, by their ids."""
        for folder in writer_folders(self._directory):
            segments = segments_in(folder)
            opened = next(filter(None, map(_opening, segments)), None)
            if opened is not None:
                yield opened.writer, segments

    def _of(self, segments: list[SegmentPath], place: Place) -> Iterator[Written]:
        left = _unread(segments, place)
        for one, begin in left:
            last = one is left[-1][0]
            opening = _opening(one)
            if opening is None:
                if not last:
                    logger.warning("journal segment %s has no readable beginning", one.path)
                continue
            try:
                yield from self._frames(one, opening, begin, last=last)
            except FileNotFoundError:  # retention was faster
                logger.warning("journal segment %s is gone unread", one.path)

    def _frames(
        self, one: SegmentPath, opening: Opening, begin: int, *, last: bool
    ) -> Iterator[Written]:
        key = self._key(opening)
        with one.path.open("rb") as file:
            file.seek(begin)
            data, at = b"", begin
            while more := file.read(_AT_ONCE):
                data += more
                place = 0
                while (frame := frame_at(data, place, opening.marker)) is not None:
                    place = frame.end
                    if frame.count:
                        behind = Place(one.number, at + place, opening.marker, frame.time_ns)
                        records = records_of(frame, key, opening.context)
                        yield Written(opening.writer, behind, frame.time_ns, records)
                data, at = data[place:], at + place
        if data:
            yield from self._mended(one, opening, data, at, last=last)

    def _mended(
        self, one: SegmentPath, opening: Opening, data: bytes, at: int, *, last: bool
    ) -> Iterator[Written]:
        """What is behind damage; at the end of a chain it may be a frame that is being written."""
        key = self._key(opening)
        for found in frames_of(data, opening.marker):
            if isinstance(found, Frame):
                if found.count:
                    behind = Place(one.number, at + found.end, opening.marker, found.time_ns)
                    records = records_of(found, key, opening.context)
                    yield Written(opening.writer, behind, found.time_ns, records)
            elif not last or found.end < len(data):
                logger.warning("journal segment %s is damaged at byte %d", one.path, at)

    def _key(self, opening: Opening) -> bytes | None:
        wrapped = opening.data_key
        if wrapped is None:
            return None
        if self._keyring is None:
            raise KeyringError("the journal is encrypted: name its keyring")
        if wrapped not in self._keys:
            self._keys[wrapped] = self._keyring.unwrap(wrapped, opening.context)
        return self._keys[wrapped]


def _opening(one: SegmentPath) -> Opening | None:
    try:
        frame = first_frame(one.path)
    except FileNotFoundError:
        return None
    return opening_of(frame) if frame else None


def _unread(segments: list[SegmentPath], place: Place) -> list[tuple[SegmentPath, int]]:
    """What of these was not read yet, and from which byte on."""
    reached = next((one for one in segments if one.number == place.segment), None)
    opening = _opening(reached) if reached else None
    if reached and opening and opening.marker == place.marker:
        later = [(one, 0) for one in segments if one.number > place.segment]
        return [(reached, place.byte), *later]
    return [
        (one, 0)
        for one in segments
        if one.number >= place.segment or _began_ns(one) > place.time_ns
    ]


def _began_ns(one: SegmentPath) -> int:
    try:
        frame = first_frame(one.path)
    except FileNotFoundError:
        return 0
    return frame.time_ns if frame else 0


def _size(one: SegmentPath) -> int:
    try:
        return one.path.stat().st_size
    except FileNotFoundError:
        return 0
