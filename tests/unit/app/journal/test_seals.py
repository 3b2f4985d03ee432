"""Seals that are altered, forged or taken away are told, and so is what was never sealed."""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.journal.frames import GENESIS, framed
from app.journal.report import Kind
from app.journal.sealer import Sealer
from tests.support.journals import Written
from tests.unit.app.journal.conftest import kinds


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
