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
    tells it from another that has its number since, as the machine died before it was on disk."""

    segment: int = 0
    byte: int = 0
    marker: bytes = b""


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
            for one in segments:
                if one.number > place.segment:
                    count += _size(one)
                elif one.number == place.segment:
                    count += max(0, _size(one) - _begin(one, _opening(one), place))
        return count

    def _chains(self) -> Iterator[tuple[str, list[SegmentPath]]]:
        """The segments of all writers that have begun one, by their ids."""
        for folder in writer_folders(self._directory):
            segments = segments_in(folder)
            opened = next(filter(None, map(_opening, segments)), None)
            if opened is not None:
                yield opened.writer, segments

    def _of(self, segments: list[SegmentPath], place: Place) -> Iterator[Written]:
        left = [one for one in segments if one.number >= place.segment]
        for one in left:
            opening = _opening(one)
            if opening is None:
                if one is not left[-1]:
                    logger.warning("journal segment %s has no readable beginning", one.path)
                continue
            try:
                begin = _begin(one, opening, place)
                yield from self._frames(one, opening, begin, last=one is left[-1])
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
                        behind = Place(one.number, at + place, opening.marker)
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
                    behind = Place(one.number, at + found.end, opening.marker)
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


def _begin(one: SegmentPath, opening: Opening | None, place: Place) -> int:
    """From where this segment was not read yet."""
    same = one.number == place.segment and opening is not None and opening.marker == place.marker
    return place.byte if same else 0


def _size(one: SegmentPath) -> int:
    try:
        return one.path.stat().st_size
    except FileNotFoundError:
        return 0
