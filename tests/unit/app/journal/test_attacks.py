"""What is done to segments of a sealed journal is told by its name, and where."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.journal.frames import GENESIS, Frame
from app.journal.report import Kind
from app.journal.segments import Segment
from tests.support.journals import Written
from tests.unit.app.journal.conftest import frames, kinds


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
