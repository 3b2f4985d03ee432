"""Whatever is done to a journal that was sealed is told."""

import os
import shutil
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.journal.frames import GENESIS, Frame, framed
from app.journal.report import Kind, Report
from app.journal.sealer import Sealer
from app.journal.segments import Segment
from tests.support.journals import Written


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Three segments of five frames, sealed behind each; the last may yet be added to."""
    made = Written(tmp_path)
    for segment in range(3):
        if segment:
            made.chain.turn_over()
        made.write(*[[f"record {segment}.{frame}".encode()] for frame in range(5)])
        made.seal()
    return made


@pytest.fixture
def small(tmp_path: Path) -> Written:
    """Two segments of a frame each, under one seal."""
    made = Written(tmp_path)
    made.write([b"one"])
    made.chain.turn_over()
    made.write([b"two"])
    made.seal()
    return made


def kinds(report: Report) -> set[Kind]:
    return {found.kind for found in report.problems}


def frames(path: Path) -> list[bytes]:
    """The bytes of each frame of a segment, the opening first."""
    segment = Segment.read(path)
    found = list(segment.frames())
    assert all(isinstance(one, Frame) for one in found)
    return [segment.data[one.begin : one.end] for one in found]


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


def _put(path: Path, *parts: bytes) -> None:
    path.write_bytes(b"".join(parts))


def altered(written: Written) -> None:
    path = written.segments[1]
    path.write_bytes(path.read_bytes().replace(b"record 1.2", b"record 1.9"))


def removed(written: Written) -> None:
    path = written.segments[1]
    _put(path, *(one for place, one in enumerate(frames(path)) if place != 2))


def reordered(written: Written) -> None:
    path = written.segments[1]
    opening, one, two, *rest = frames(path)
    _put(path, opening, two, one, *rest)


def repeated(written: Written) -> None:
    path = written.segments[1]
    opening, one, *rest = frames(path)
    _put(path, opening, one, one, *rest)


def cut(written: Written) -> None:
    path = written.segments[-1]
    _put(path, *frames(path)[:-1])


def cut_and_gone_on(written: Written) -> None:
    cut(written)
    written.close()
    written.open()
    written.write([b"in its place"])


def segment_deleted(written: Written) -> None:
    written.segments[1].unlink()


def first_segment_deleted(written: Written) -> None:
    written.segments[0].unlink()


def last_segment_deleted(written: Written) -> None:
    written.segments[-1].unlink()


def all_deleted(written: Written) -> None:
    shutil.rmtree(written.directory)
    written.directory.mkdir()


def rewritten(written: Written) -> None:
    """By somebody who knows the format, and has all but the key: each chain is right in itself."""
    path = written.segments[-1]
    kept = written.chain.position
    written.close()
    path.unlink()
    written.open()
    written.write(*[[b"forged"] for _ in range(5)])
    assert written.chain.position.count == kept.count


def written_anew(written: Written) -> None:
    """The whole of it."""
    written.close()
    for path in written.segments:
        path.unlink()
    written.open()
    assert written.chain.position.head == GENESIS
    written.write(*[[b"forged"] for _ in range(20)])


def of_another(written: Written) -> None:
    """A segment of another writer in place of one's own."""
    other = Written(written.directory.parent)
    other.write(*[[b"other"] for _ in range(5)])
    shutil.copy(other.segments[0], written.segments[0])


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (altered, {Kind.ALTERED}),
        (removed, {Kind.REMOVED}),
        (reordered, {Kind.REMOVED, Kind.REORDERED}),
        (repeated, {Kind.REORDERED}),
        (cut, {Kind.TRUNCATED}),
        (cut_and_gone_on, {Kind.FORGED}),
        (segment_deleted, {Kind.DELETED}),
        (first_segment_deleted, {Kind.DELETED}),
        (last_segment_deleted, {Kind.TRUNCATED}),
        (all_deleted, {Kind.DELETED}),
        (rewritten, {Kind.FORGED}),
        (written_anew, {Kind.FORGED}),
        (of_another, {Kind.FORGED}),
    ],
)
def test_an_attack_is_told_by_its_name(
    written: Written, harm: Callable[[Written], None], expected: set[Kind]
) -> None:
    harm(written)

    report = written.verify()

    assert expected <= kinds(report), str(report)
    assert not report.sound
    assert "NOT as it was written" in str(report)


@pytest.mark.parametrize(
    ("harm", "complete"), [(altered, 5), (removed, 5), (cut, 10), (cut_and_gone_on, 10)]
)
def test_it_is_said_up_to_where_it_is_complete(
    written: Written, harm: Callable[[Written], None], complete: int
) -> None:
    harm(written)

    assert written.verify().writers[0].complete == complete


def test_one_alteration_is_one_finding(written: Written) -> None:
    altered(written)

    (found,) = written.verify().problems

    assert found.where == f"0/0000000002.segment, byte {len(b''.join(frames_before(written)))}"


def frames_before(written: Written) -> list[bytes]:
    segment = Segment.read(written.segments[1])
    whole = [one for one in segment.frames() if isinstance(one, Frame)]
    return [segment.data[one.begin : one.end] for one in whole[:3]]


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


class TestSeals:
    """Lines of the second place."""

    def _path(self, written: Written) -> Path:
        (path,) = (written.directory.parent / "seals").iterdir()
        return path

    def test_every_byte_of_a_seal_counts(self, small: Written) -> None:
        path = self._path(small)
        whole = path.read_bytes()
        for place in range(len(whole)):
            if whole[place] == ord("\n"):
                continue
            flipped = bytearray(whole)
            flipped[place] ^= 1 << (place % 7)
            path.write_bytes(flipped)
            assert small.verify().findings, place

    def test_one_of_another_key_is_told(self, written: Written) -> None:
        other = Sealer(written.place, Ed25519PrivateKey.generate())
        other.seal(written.folder, written.writer, written.chain.position)

        (found,) = written.verify().problems

        assert found.kind is Kind.FORGED
        assert "a key that is not trusted" in found.what

    def test_one_of_another_writer_is_told(self, written: Written) -> None:
        other = Written(written.directory.parent, key=written.key)
        other.write([b"other"])
        other.seal()
        written.place.put(written.writer, written.place.lines(other.writer)[-1])

        assert [found.what for found in written.verify().problems] == ["a seal of another writer"]

    def test_a_line_that_is_torn_is_no_attack(self, written: Written) -> None:
        path = self._path(written)
        whole = path.read_bytes()
        path.write_bytes(whole + whole[:100])
        written.write([b"more"])
        written.seal()

        report = written.verify()

        assert report.sound
        assert [found.kind for found in report.notes] == [Kind.TORN]
        assert report.writers[0].complete == 16

    def test_without_the_last_ones_more_is_unsealed(self, written: Written) -> None:
        path = self._path(written)
        lines = path.read_bytes().split(b"\n\n")
        path.write_bytes(b"\n\n".join(lines[:-1]))

        report = written.verify()

        assert report.sound
        assert [found.what for found in report.notes] == ["5 records"]


def in_a_folder_of_nobody(written: Written) -> None:
    """A segment that is right in itself, but for its opening, where no writer has claimed."""
    folder = written.directory / "7"
    folder.mkdir()
    before, head = framed(b"MARKERxx", GENESIS, b"[]", flags=0, count=1, first=0, time_ns=1)
    assert len(head) == len(GENESIS)
    (folder / "0000000001.segment").write_bytes(before + b"[]")


def by_an_odd_writer(written: Written) -> None:
    """Whose name would be the path of another file."""
    in_a_folder_of_nobody(written)
    (written.directory / "7" / "writer").write_text("../../elsewhere")


def dated_ahead(written: Written) -> None:
    """By a writer that nothing was ever sealed of."""
    ahead = Written(written.directory.parent, now_ns=lambda: time.time_ns() + 10**18)
    ahead.write([b"forged"])


@pytest.mark.parametrize(
    ("forge", "kind"),
    [
        (in_a_folder_of_nobody, Kind.FORGED),
        (by_an_odd_writer, Kind.FORGED),
        (dated_ahead, Kind.NOT_SEALED),
    ],
)
def test_what_is_added_without_the_key_is_told(
    written: Written, forge: Callable[[Written], None], kind: Kind
) -> None:
    forge(written)

    assert kind in kinds(written.verify())


def test_what_is_wrong_with_seals_of_a_writer_that_is_gone_is_told(written: Written) -> None:
    seals = written.place._path(written.writer)
    seals.rename(seals.with_name(f"{'ab' * 16}.seals"))

    assert Kind.FORGED in kinds(written.verify())


def test_names_that_are_nearly_numbers_are_no_writers(written: Written) -> None:
    (written.directory / "²").mkdir()
    (written.folder / "².segment").touch()
    (written.directory / "5").mkdir()
    (written.directory / "5" / "writer").write_bytes(b"\xff\0")

    assert written.verify().sound


@pytest.mark.parametrize("left", [0, 1])
def test_seals_that_were_taken_away_are_told(tmp_path: Path, left: int) -> None:
    """All of them, or the later ones: the records between go on as they did."""
    clock = count(time.time_ns() - 10**12, 10**10)
    written = Written(tmp_path, now_ns=lambda: next(clock))
    seals = written.place._path(written.writer)
    kept = b""
    for number in range(5):
        written.write([b"a record"])
        written.seal()
        kept = seals.read_bytes() if number < left else kept
    assert written.verify().sound

    seals.write_bytes(kept)

    report = written.verify()
    assert kinds(report) == {Kind.NOT_SEALED}
    assert "NOT sealed" in str(report)


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
