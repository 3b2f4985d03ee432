"""A process that writes a journal until it is killed: `python -m tests.unit.app.journal.writing
FOLDER DURABILITY` forks one for each line that it reads, and prints its id.

A writer prints a line for each batch that is kept: the records that it may not lose.
"""

import asyncio
import os
import sys
from pathlib import Path

from app.journal.journal import Journal
from app.journal.settings import JournalSettings
from tests.support.journals import journal_settings

SEGMENT_BYTES = 16_384


async def write(settings: JournalSettings, name: int) -> None:
    """Batches of growing size, for ever."""
    journal = await Journal.open(settings, "audit")
    number = 0
    while True:
        batch = [f"{name}.{number + place}" for place in range(1 + number % 7)]
        for one in batch:
            journal.append(one.encode() * 9)
        await journal.kept()
        os.write(1, f"{batch[-1]}\n".encode())
        number += len(batch)


def main(folder: str, durability: str) -> None:
    """Fork writers, of one name each."""
    settings = journal_settings(
        Path(folder), durability=durability, segment_bytes=SEGMENT_BYTES, seals={"every_s": 0.1}
    )
    for name, _ in enumerate(sys.stdin):
        child = os.fork()
        if not child:
            asyncio.run(write(settings, name))
        os.write(1, f"pid {child}\n".encode())
        os.waitpid(child, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
