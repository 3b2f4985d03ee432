"""Frames: what one turn of the loop has written, framed and chained.

    marker 8 | CRC-32 of what follows 4 | payload bytes 4, flags 1, 0 3, records 4, number of the
    first record 8, time in ns since 1970 8 | head 32 | payload

All numbers are little-endian. ``head`` is SHA-256 over the head of the frame before, the fields and
the payload, as they are on disk. Each segment has a random marker, so that no record, which may
come from a client, can pass for a frame when one is looked for behind damage.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from hashlib import sha256
from zlib import crc32

GENESIS = bytes(32)
"""The head before the first frame of all."""

MARKER_BYTES = 8
_CRC = struct.Struct("<I")
FIELDS = struct.Struct("<IBxxxIQQ")
_FIELDS_AT = MARKER_BYTES + _CRC.size
_HEAD_AT = _FIELDS_AT + FIELDS.size
OVERHEAD = _HEAD_AT + len(GENESIS)
"""Bytes of a frame without its payload."""


class Flag(IntFlag):
    """How to read a payload."""

    OPENING = 1  # of a segment: JSON about it, no records
    COMPRESSED = 2
    ENCRYPTED = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """One that is as it was written, by its checksum; ``begin`` and ``end`` are its place."""

    fields: bytes
    flags: int
    count: int
    first: int
    time_ns: int
    head: bytes
    payload: bytes
    begin: int
    end: int

    def follows(self, head: bytes) -> bool:
        """Whether it was written behind the frame of this head."""
        return self.head == _chained(head, self.fields, self.payload)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no frame."""

    begin: int
    end: int


def framed(
    marker: bytes,
    previous: bytes,
    payload: bytes,
    *,
    flags: int,
    count: int,
    first: int,
    time_ns: int,
) -> tuple[bytes, bytes]:
    """What stands before this payload, and the head that the chain has then."""
    fields = FIELDS.pack(len(payload), flags, count, first, time_ns)
    head = _chained(previous, fields, payload)
    checksum = crc32(payload, crc32(head, crc32(fields)))
    return b"".join((marker, _CRC.pack(checksum), fields, head)), head


def frames_of(data: bytes, marker: bytes) -> Iterator[Frame | Damage]:
    """All of a segment, in order, and every byte of it: what is damaged is passed over, up to the
    next frame that is whole."""
    place = 0
    while place < len(data):
        frame = frame_at(data, place, marker)
        if frame is None:
            behind = _next_whole(data, place + 1, marker)
            yield Damage(place, behind)
            place = behind
        else:
            yield frame
            place = frame.end


def frame_at(data: bytes, begin: int, marker: bytes) -> Frame | None:
    """The frame that begins here, if it is whole."""
    payload_at = begin + OVERHEAD
    if payload_at > len(data) or not data.startswith(marker, begin):
        return None
    fields = data[begin + _FIELDS_AT : begin + _HEAD_AT]
    length, flags, count, first, time_ns = FIELDS.unpack(fields)
    end = payload_at + length
    if end > len(data):
        return None
    (checksum,) = _CRC.unpack_from(data, begin + MARKER_BYTES)
    if crc32(memoryview(data)[begin + _FIELDS_AT : end]) != checksum:
        return None
    head = data[begin + _HEAD_AT : payload_at]
    return Frame(fields, flags, count, first, time_ns, head, data[payload_at:end], begin, end)


def _next_whole(data: bytes, place: int, marker: bytes) -> int:
    while (place := data.find(marker, place)) >= 0:
        if frame_at(data, place, marker):
            return place
        place += 1
    return len(data)


def _chained(previous: bytes, fields: bytes, payload: bytes) -> bytes:
    digest = sha256(previous)
    digest.update(fields)
    digest.update(payload)
    return digest.digest()
