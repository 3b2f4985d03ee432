"""A disk that is full: what was acknowledged stays, and the rest is refused or counted."""

import asyncio
import os
from pathlib import Path

import pytest

from app.journal.errors import NotKept
from tests.support.disk import small_disk
from tests.support.journals import contents, journal_settings, opened, verified
from tests.support.wait import wait_for


@pytest.mark.parametrize("durability", ["write", "fsync"])
async def test_it_refuses_and_recovers_by_itself(tmp_path: Path, durability: str) -> None:
    with small_disk(2) as disk:
        settings = journal_settings(tmp_path, durability=durability, seals={"every_s": 0.1})
        settings = settings.model_copy(update={"directory": disk.path / "journal"})
        ballast = disk.path / "ballast"
        ballast.write_bytes(bytes(2**20))
        kept, refused = [], []
        async with opened(settings) as journal:
            for _ in range(60):
                record = os.urandom(30_000)
                try:
                    await journal.append(record).kept()
                    kept.append(record)
                except NotKept as error:
                    refused.append(str(error))
            assert len(kept) > 20
            assert len(refused) > 20
            assert set(refused) == {"the journal cannot be written: No space left on device"}
            assert contents(settings) == kept
            assert journal.problems()
            await wait_for(lambda: verified(settings).writers[0].complete == len(kept))

            ballast.unlink()
            kept.append(b"after")
            await journal.append(b"after").kept()
            assert journal.problems() == []

        assert contents(settings) == kept
        assert not verified(settings).findings


async def test_it_serves_and_counts(tmp_path: Path) -> None:
    with small_disk(1) as disk:
        settings = journal_settings(tmp_path, unwritable="serve", segment_bytes=4096)
        settings = settings.model_copy(update={"directory": disk.path / "journal"})
        async with opened(settings) as journal:
            await journal.append(b"before").kept()
            with disk.full():
                await asyncio.gather(*(journal.append(os.urandom(9000)).kept() for _ in range(9)))
                assert journal.lost == 9
                assert journal.problems() == [
                    "the journal cannot be written: No space left on device"
                ]
            await journal.append(b"after").kept()
            assert journal.problems() == []
            assert (journal.lost, journal.written) == (9, 2)

        assert contents(settings) == [b"before", b"after"]
        assert not verified(settings).findings
