"""A journal that nobody touched is sound, in every state it may be found in; no byte may change."""

import os
import shutil
import time
from itertools import count
from pathlib import Path

from app.journal.report import Kind
from tests.support.journals import Written
from tests.unit.app.journal.conftest import kinds


def test_a_journal_that_nobody_touched_is_sound(written: Written) -> None:
    report = written.verify()

    assert report.sound
    assert not report.findings
    assert report.records == 15
    (chain,) = report.writers
    assert (chain.first, chain.count, chain.complete) == (0, 15, 15)
    assert "records 0 to 14; complete up to the checkpoint at 15 of 20" in str(report)


def test_what_is_behind_the_last_seal_is_told_apart(written: Written) -> None:
    written.write([b"a", b"b"])

    report = written.verify()

    assert report.sound
    assert [(found.kind, found.what) for found in report.notes] == [(Kind.UNSEALED, "2 records")]
    assert report.writers[0].complete == 15


def test_every_byte_that_is_altered_is_told(small: Written) -> None:
    for path in small.segments:
        whole = path.read_bytes()
        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << (place % 8)
            path.write_bytes(flipped)
            assert not small.verify().sound, f"{path.name}, byte {place}"
        path.write_bytes(whole)
    assert small.verify().sound


def test_every_length_it_is_cut_to_is_told(small: Written) -> None:
    path = small.segments[-1]
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert not small.verify().sound, length


def test_a_writer_that_is_copied_is_told(written: Written) -> None:
    shutil.copytree(written.folder, written.directory / "1")

    assert kinds(written.verify()) == {Kind.FORGED}


def test_a_clock_that_is_set_back_is_told(tmp_path: Path) -> None:
    now = 1_700_000_000 * 10**9
    written = Written(tmp_path, now_ns=lambda: now)
    written.write([b"one"])
    now -= 10**8  # as a clock that is kept in step may be
    written.write([b"two"])
    now -= 3600 * 10**9
    written.write([b"three"])
    written.seal()

    report = written.verify()

    assert report.sound
    (found,) = report.notes
    assert (found.kind, found.what) == (Kind.CLOCK, "by 3,600.0 s, at record 2")


def test_names_that_are_nearly_numbers_are_no_writers(written: Written) -> None:
    (written.directory / "²").mkdir()
    (written.folder / "².segment").touch()
    (written.directory / "5").mkdir()
    (written.directory / "5" / "writer").write_bytes(b"\xff\0")

    assert written.verify().sound


def test_the_last_moments_of_a_writer_that_was_killed_are_no_fault(tmp_path: Path) -> None:
    clock = count(time.time_ns() - 10**12, 10**9)
    written = Written(tmp_path, now_ns=lambda: next(clock))
    written.write([b"a record"])
    written.seal()
    written.write([b"another"], [b"and one more"])

    assert written.verify().sound


def test_it_can_be_verified_while_it_is_written(written: Written) -> None:
    written.write([b"more"])
    with written.segments[-1].open("ab") as file:
        file.write(os.urandom(20))  # a frame that is being written

    report = written.verify()

    assert report.sound
    assert {found.kind for found in report.notes} == {Kind.TORN, Kind.UNSEALED}
