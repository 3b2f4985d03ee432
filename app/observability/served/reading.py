"""Served rows as whoever looks at them reads them."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from app.journal.encryption import keyring_of
from app.journal.reading import read
from app.journal.writers import writer_folders, writer_id
from app.observability.served.rows import ServedRows, decode
from app.observability.served.settings import ServedJournalSettings
from deployments.log import get_logger

logger = get_logger(__name__)


class Written(NamedTuple):
    """Rows of one batch, which of their writer's records they are, and when they were written, in
    ns since 1970."""

    writer: str
    number: int
    time_ns: int
    rows: ServedRows


def writers(settings: ServedJournalSettings) -> set[str]:
    """By all names that records of a writer whose folder is there may have: its own, and that of
    its folder, where a file has lost its beginning."""
    folders = [*writer_folders(settings.directory)]
    ids = [one for folder in folders if (one := writer_id(folder))]
    return {*ids, *(folder.name for folder in folders)}


def served(
    settings: ServedJournalSettings, since_ns: int = 0, until_ns: int | None = None
) -> Iterator[Written]:
    """What was written in this time, ``until_ns`` excluded, in its order. What is none of ours is
    passed over, and logged. Raises OSError, and KeyringError where it does not open."""
    for record in read(settings.directory, since_ns, until_ns, keyring_of(settings)):
        try:
            rows = decode(record.data)
        except msgspec.MsgspecError as error:
            logger.warning(
                "record %d of %s is no served row: %s", record.number, record.writer, error
            )
            continue
        yield Written(record.writer, record.number, record.time_ns, rows)
