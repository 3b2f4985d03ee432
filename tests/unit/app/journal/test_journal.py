"""A journal as a replica uses it: what one turn of the loop appends is one frame."""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from app.journal.errors import JournalUnusable, NotKept
from app.journal.frames import Frame
from app.journal.segments import Segment, segments_in
from app.journal.settings import JournalSettings
from app.secrets import Secret
from tests.support.journals import contents, journal_settings, opened, verified
from tests.support.wait import wait_for

BOTH = pytest.mark.parametrize("durability", ["write", "fsync"])


def frames(folder: Path) -> list[int]:
    """How many records are in each."""
    return [
        found.count
        for one in segments_in(folder / "journal" / "0")
        for found in Segment.read(one.path).frames()
        if isinstance(found, Frame) and found.count
    ]


def sealed(settings: JournalSettings, count: int) -> Callable[[], bool]:
    """Whether so many records are."""
    return lambda: verified(settings).writers[0].complete >= count


@BOTH
async def test_records_of_one_turn_are_one_frame(tmp_path: Path, durability: str) -> None:
    settings = journal_settings(tmp_path, durability=durability)

    async def answer(number: int) -> None:
        journal.append(b"first %d" % number)
        await journal.kept()
        journal.append(b"second %d" % number)
        await journal.kept()

    async with opened(settings) as journal:
        await asyncio.gather(*(answer(number) for number in range(20)))

        assert len(contents(settings)) == 40
        assert journal.written == 40
        assert frames(tmp_path) == [20, 20]
        assert journal.problems() == []
    assert not verified(settings).findings


@BOTH
async def test_it_is_on_disk_before_it_is_kept(tmp_path: Path, durability: str) -> None:
    settings = journal_settings(tmp_path, durability=durability)
    async with opened(settings) as journal:
        await journal.kept()  # of nothing
        for number in range(5):
            await journal.append(b"%d" % number).kept()
            assert contents(settings)[-1] == b"%d" % number


@BOTH
async def test_what_is_appended_is_written_though_nobody_waits(
    tmp_path: Path, durability: str
) -> None:
    settings = journal_settings(tmp_path, durability=durability)
    async with opened(settings) as journal:
        journal.append(b"one")
    assert contents(settings) == [b"one"]
    with pytest.raises(NotKept, match="closed"):
        await journal.append(b"two").kept()
    await journal.close()


async def test_whoever_waits_no_longer_ends_alone(tmp_path: Path) -> None:
    async with opened(journal_settings(tmp_path)) as journal:
        batch = journal.append(b"one")
        gone, stays = (asyncio.create_task(batch.kept()) for _ in range(2))
        await asyncio.sleep(0)  # both wait; the frame is written behind them
        gone.cancel()
        await stays
        assert gone.cancelled() or gone.done()


async def test_batches_are_flushed_together_while_the_disk_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, real = Event(), os.fdatasync

    def slow(file: int) -> None:
        busy.wait(10)
        real(file)

    settings = journal_settings(tmp_path, durability="fsync")
    async with opened(settings) as journal:
        await journal.append(b"opens the segment").kept()
        monkeypatch.setattr(os, "fdatasync", slow)
        first = journal.append(b"0")
        await asyncio.sleep(0)
        waits = asyncio.create_task(journal.kept())  # of what is being written
        others = []
        for number in range(1, 6):
            others.append(journal.append(b"%d" % number))
            await asyncio.sleep(0)
        assert not waits.done()
        busy.set()
        await asyncio.gather(waits, first.kept(), *(one.kept() for one in others))

    assert frames(tmp_path) == [1, 1, 5]


class TestUnwritable:
    """A disk that takes nothing."""

    @pytest.fixture
    def break_disk(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        def fails(*_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        return lambda: monkeypatch.setattr(os, "writev", fails)

    @BOTH
    async def test_nothing_is_answered_without_its_record(
        self,
        tmp_path: Path,
        durability: str,
        break_disk: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings = journal_settings(tmp_path, durability=durability)
        async with opened(settings) as journal:
            await journal.append(b"one").kept()
            break_disk()
            batch = journal.append(b"two")
            for _ in range(2):  # also for whoever asks late
                with pytest.raises(NotKept, match="No space left on device"):
                    await batch.kept()
            (problem,) = journal.problems()
            assert problem == "the journal cannot be written: No space left on device"
            monkeypatch.undo()
            await journal.append(b"three").kept()
            assert journal.problems() == []
            assert (journal.written, journal.lost) == (2, 0)
        assert contents(settings) == [b"one", b"three"]
        assert not verified(settings).findings

    @BOTH
    async def test_or_it_is_counted(
        self,
        tmp_path: Path,
        durability: str,
        break_disk: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        settings = journal_settings(tmp_path, durability=durability, unwritable="serve")
        async with opened(settings) as journal:
            break_disk()
            for _ in range(3):
                await asyncio.gather(*(journal.append(b"lost").kept() for _ in range(2)))
            assert journal.lost == 6
            assert len(journal.problems()) == 1
            assert len([one for one in caplog.records if one.levelname == "ERROR"]) == 1
            monkeypatch.undo()
            await journal.append(b"three").kept()
            assert journal.problems() == []
        assert contents(settings) == [b"three"]


class TestSealing:
    """Of a journal that runs."""

    async def test_it_is_sealed_every_so_often(self, tmp_path: Path) -> None:
        settings = journal_settings(tmp_path, seals={"every_s": 0.1})
        async with opened(settings) as journal:
            for number in range(1, 4):
                await journal.append(b"one").kept()
                await wait_for(sealed(settings, number))

    async def test_each_segment_is_sealed_as_it_ends(self, tmp_path: Path) -> None:
        settings = journal_settings(tmp_path, segment_bytes=4096, seals={"every_s": 3600})
        async with opened(settings) as journal:
            for before in range(8):  # each fills one, which ends when there is another record
                await journal.append(os.urandom(5000)).kept()
                await wait_for(sealed(settings, before))

    async def test_it_goes_on_without_the_second_place_and_says_so(self, tmp_path: Path) -> None:
        settings = journal_settings(tmp_path, seals={"every_s": 0.1})
        (tmp_path / "seals").write_text("no folder")
        async with opened(settings) as journal:
            await journal.append(b"one").kept()
            await wait_for(lambda: journal.problems() != [])
            assert journal.problems()[0].startswith("the journal cannot be sealed: ")
            await journal.append(b"two").kept()
            (tmp_path / "seals").unlink()
            await wait_for(lambda: journal.problems() == [])
            assert verified(settings).writers[0].complete == 2

    async def test_records_that_are_gone_are_told_at_the_next_start(self, tmp_path: Path) -> None:
        settings = journal_settings(tmp_path, seals={"every_s": 0.1})
        async with opened(settings) as journal:
            for _ in range(3):
                await journal.append(b"one").kept()
        (segment,) = segments_in(tmp_path / "journal" / "0")
        segment.path.unlink()
        async with opened(settings) as journal:
            await wait_for(lambda: journal.problems() != [])
            assert journal.problems()[0].startswith("3 records of the journal that were sealed")

    async def test_a_chain_that_nobody_writes_any_more_is_sealed_by_another(
        self, tmp_path: Path
    ) -> None:
        settings = journal_settings(tmp_path, seals={"every_s": 0.1})
        async with opened(settings) as first, opened(settings) as second:
            await first.append(b"one").kept()
            await second.append(b"two").kept()
        (tmp_path / "seals").rename(tmp_path / "sealed")
        async with opened(settings):
            await wait_for((tmp_path / "seals").exists)
            await wait_for(lambda: [one.complete for one in verified(settings).writers] == [1, 1])


class TestOpening:
    """What cannot be opened says why."""

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "journal").write_text("no folder")
        with pytest.raises(JournalUnusable, match="cannot be opened: File exists"):
            await opened(journal_settings(tmp_path)).__aenter__()

    async def test_a_key_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "seals.key").write_text("no key")
        with pytest.raises(JournalUnusable, match="not Ed25519 in PEM; `openssl genpkey"):
            await opened(journal_settings(tmp_path)).__aenter__()

    async def test_a_keyring_that_is_not_there(self, tmp_path: Path) -> None:
        settings = journal_settings(tmp_path, keyring=Secret(env="NO_SUCH_KEYRING"))
        with pytest.raises(JournalUnusable, match="keyring: the environment variable NO_SUCH"):
            await opened(settings).__aenter__()
