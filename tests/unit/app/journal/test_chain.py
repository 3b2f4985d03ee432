"""The chain of one writer: segments, and what is there again after its end."""

import os
from pathlib import Path

import pytest

from app.journal.frames import OVERHEAD
from app.journal.reading import read
from app.journal.report import Kind
from tests.support.journals import Written


def stored(written: Written) -> list[bytes]:
    return [record.data for record in read(written.directory)]


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Written(tmp_path)
    records = [os.urandom(length) for length in (0, 1, 300, 70_000)]

    written.write(records, [b"text " * 100] * 50, [b""])

    assert stored(written) == [*records, *[b"text " * 100] * 50, b""]
    assert [record.number for record in read(written.directory)] == list(range(55))


def test_frames_get_smaller(tmp_path: Path) -> None:
    written = Written(tmp_path)

    written.write([b'{"model":"delay","outputs":{"risk":0.25}}'] * 100)

    assert written.segments[0].stat().st_size < 1000


def test_a_writer_goes_on_with_its_chain(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.write([b"one"], [b"two"])
    before, writer = written.chain.position, written.writer
    written.close()

    written.open()

    assert (written.writer, written.chain.position) == (writer, before)
    written.write([b"three"])
    written.seal()
    assert stored(written) == [b"one", b"two", b"three"]
    assert len(written.segments) == 2
    assert not written.verify().findings


def test_two_writers_have_a_chain_each(tmp_path: Path) -> None:
    one = Written(tmp_path)
    one.write([b"one"])
    other = Written(tmp_path)
    other.write([b"two"])

    assert one.writer != other.writer
    assert {one.folder.name, other.folder.name} == {"0", "1"}
    assert stored(one) == [b"one", b"two"]


def test_a_torn_end_is_cut_off_wherever_it_tore(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.write([b"one"], [b"two"])
    (segment,) = written.segments
    whole = segment.stat().st_size
    written.write([b"three, which is torn"])
    written.close()
    torn = segment.read_bytes()
    for end in range(whole, len(torn)):
        segment.write_bytes(torn[:end])

        written.open()

        assert segment.stat().st_size == whole
        assert written.chain.position.count == 2
        written.close()


def test_a_segment_that_was_only_begun_is_begun_again(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.write([b"one"])
    written.close()
    (written.folder / "0000000002.segment").write_bytes(b"\1" * OVERHEAD)

    written.open()
    written.write([b"two"])
    written.seal()

    assert [path.name[:10] for path in written.segments] == ["0000000001", "0000000002"]
    assert not written.verify().findings


def test_damage_within_is_left_to_the_auditor(tmp_path: Path) -> None:
    written = Written(tmp_path)
    written.write([b"one"], [b"two"], [b"three"])
    written.close()
    (segment,) = written.segments
    data = bytearray(segment.read_bytes())
    data[data.index(b"two")] ^= 1
    segment.write_bytes(data)

    written.open()
    written.write([b"four"])

    assert segment.read_bytes() == data
    assert stored(written) == [b"one", b"three", b"four"]
    assert [found.kind for found in written.verify().problems] == [Kind.ALTERED]


def test_segments_end_by_their_size(tmp_path: Path) -> None:
    written = Written(tmp_path, segment_bytes=4096)

    written.write(*[[os.urandom(1000)] for _ in range(20)])
    written.seal()

    sizes = [path.stat().st_size for path in written.segments]
    assert len(sizes) == 5
    assert max(sizes) < 4096 + 1100
    assert not written.verify().findings


def test_segments_end_by_their_age(tmp_path: Path) -> None:
    now = 10**18
    written = Written(tmp_path, segment_s=60, now_ns=lambda: now)
    written.write([b"one"], [b"two"])
    assert not written.chain.overdue
    now += 61 * 10**9

    assert written.chain.overdue
    written.write([b"three"])

    assert len(written.segments) == 2
    assert not written.chain.overdue
    now += 61 * 10**9
    written.chain.turn_over()
    assert not written.chain.overdue  # it has no record
    assert stored(written) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("sync", [False, True])
def test_a_frame_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: bool
) -> None:
    written = Written(tmp_path, sync=sync)
    written.write([b"one"])
    size, before = written.segments[0].stat().st_size, written.chain.position
    real = os.writev

    def half(file: int, parts: tuple[bytes, ...]) -> int:
        real(file, [b"".join(parts)[:10]])
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "writev", half)
    with pytest.raises(OSError, match="Input/output"):
        written.write([b"two"])
    monkeypatch.undo()

    assert written.segments[0].stat().st_size == size
    assert written.chain.position == before
    written.write([b"three"])
    written.seal()
    assert stored(written) == [b"one", b"three"]
    assert not written.verify().findings


def test_a_flush_that_fails_takes_its_frame_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written(tmp_path, sync=True)
    written.write([b"one"])

    def fails(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    with pytest.raises(OSError, match="Input/output"):
        written.write([b"two"])
    monkeypatch.undo()
    written.write([b"three"])

    assert stored(written) == [b"one", b"three"]


def test_what_cannot_be_taken_back_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written(tmp_path)
    written.write([b"one"])

    def fails(*_: object) -> int:
        raise OSError(5, "Input/output error")

    real = os.writev
    monkeypatch.setattr(os, "ftruncate", fails)
    monkeypatch.setattr(os, "writev", lambda file, parts: real(file, [parts[0]]) and fails())
    with pytest.raises(OSError, match="Input/output"):
        written.write([b"two"])
    monkeypatch.undo()
    written.write([b"three"])
    written.seal()

    assert stored(written) == [b"one", b"three"]
    assert len(written.segments) == 2
    report = written.verify()
    assert report.sound
    assert [found.kind for found in report.notes] == [Kind.TORN]
