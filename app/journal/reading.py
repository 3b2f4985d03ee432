"""Records of a journal, for whoever searches or exports it, also while it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from app.journal.frames import Frame
from app.journal.payloads import records_of
from app.journal.segments import Segment, SegmentPath, segments_in
from app.journal.writers import writer_folders
from deployments.keyring import Keyring, KeyringError
from deployments.log import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """``number`` counts the records of its writer, ``time_ns`` is when it was written."""

    writer: str
    number: int
    time_ns: int
    data: bytes


def read(
    directory: Path,
    since_ns: int = 0,
    until_ns: int | None = None,
    keyring: Keyring | None = None,
) -> Iterator[Record]:
    """All records of this time, ``until_ns`` excluded, ordered by it. What is damaged is passed
    over, and logged. Raises KeyringError where an encrypted one does not open."""
    chains = [_read(folder, since_ns, until_ns, keyring) for folder in writer_folders(directory)]
    return merge(*chains, key=lambda record: record.time_ns)


def _read(
    folder: Path, since_ns: int, until_ns: int | None, keyring: Keyring | None
) -> Iterator[Record]:
    for one in segments_in(folder):
        yield from _records(one, since_ns, until_ns, keyring)


def _records(
    one: SegmentPath, since_ns: int, until_ns: int | None, keyring: Keyring | None
) -> Iterator[Record]:
    segment = Segment.read(one.path)
    opening = segment.opening
    if opening is None:
        logger.warning("journal segment %s has no readable beginning", one.path)
    context = opening.context if opening else b""
    writer = opening.writer if opening else one.path.parent.name
    key: bytes | None = None
    if opening and opening.data_key is not None:
        if keyring is None:
            raise KeyringError("the journal is encrypted: name its keyring")
        key = keyring.unwrap(opening.data_key, context)
    for found in segment.frames():
        if not isinstance(found, Frame):
            logger.warning("journal segment %s is damaged at byte %d", one.path, found.begin)
        elif found.time_ns >= since_ns and (until_ns is None or found.time_ns < until_ns):
            for index, data in enumerate(records_of(found, key, context)):
                yield Record(writer, found.first + index, found.time_ns, data)
