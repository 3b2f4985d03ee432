"""What is in a frame: records, compressed together, and encrypted where there is a key.

Uncompressed it is the length of each record, 4 bytes each, and then the records.
"""

import struct
from collections.abc import Sequence

import zstandard

from app.journal.frames import Flag, Frame
from deployments.keyring import KeyringError, decrypted, encrypted

# Less does not get smaller by more than what its head takes.
_WORTH_BYTES = 256


class Packer:
    """Makes payloads, for one thread at a time."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1)

    def packed(self, records: Sequence[bytes]) -> tuple[int, bytes]:
        """Flags and payload."""
        payload = b"".join((struct.pack(f"<{len(records)}I", *map(len, records)), *records))
        if len(payload) >= _WORTH_BYTES:
            smaller = self._compressor.compress(payload)
            if len(smaller) < len(payload):
                return Flag.COMPRESSED, smaller
        return 0, payload


def sealed(payload: bytes, key: bytes, first: int, segment: bytes) -> bytes:
    """Encrypted, for this place in the chain alone."""
    return encrypted(key, payload, _context(first, segment))


def records_of(frame: Frame, key: bytes | None, segment: bytes) -> list[bytes]:
    """The records of a frame that is whole. Raises KeyringError where it takes another key."""
    payload = frame.payload
    if frame.flags & Flag.OPENING:
        return []
    if frame.flags & Flag.ENCRYPTED:
        if key is None:
            raise KeyringError("the journal is encrypted: name its keyring")
        payload = decrypted(key, payload, _context(frame.first, segment))
    if frame.flags & Flag.COMPRESSED:
        payload = zstandard.decompress(payload)
    place = 4 * frame.count
    records = []
    for length in struct.unpack_from(f"<{frame.count}I", payload):
        records.append(payload[place : place + length])
        place += length
    return records


def _context(first: int, segment: bytes) -> bytes:
    return segment + first.to_bytes(8, "little")
