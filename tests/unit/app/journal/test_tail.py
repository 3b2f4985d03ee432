from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app.journal.tail import Place, Tail
from tests.support.journals import Written


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    written = Written(tmp_path)
    yield written
    written.close()


class Reader:
    """One that remembers where it was."""

    def __init__(self, written: Written) -> None:
        self.tail = Tail(written.directory)
        self.places: dict[str, Place] = {}

    def read(self) -> list[bytes]:
        found = [*self.tail.since(self.places)]
        self.places |= {one.writer: one.behind for one in found}
        return [record for one in found for record in one.records]


def test_what_is_new_is_read_once(written: Written) -> None:
    reader = Reader(written)
    written.write([b"a", b"b"], [b"c"])
    assert reader.read() == [b"a", b"b", b"c"]
    assert reader.tail.behind(reader.places) == 0
    written.chain.turn_over()
    written.write([b"d"])
    assert reader.tail.behind(reader.places) > 0
    assert reader.read() == [b"d"]
    assert reader.read() == []


def test_a_journal_that_somebody_deletes_begins_anew(written: Written) -> None:
    reader = Reader(written)
    written.write([b"a"])
    written.chain.turn_over()
    written.write([b"b" * 100])
    assert len(reader.read()) == 2
    written.close()
    for path in written.segments:
        path.unlink()

    written.open()
    written.write([b"c"])
    assert reader.tail.behind(reader.places) > 0
    assert reader.read() == [b"c"]


def test_a_segment_that_has_the_number_of_one_that_was_lost_is_another(written: Written) -> None:
    """As a machine dies before its last file is on disk, which somebody had read."""
    reader = Reader(written)
    written.write([b"a"])
    written.chain.turn_over()
    written.write([b"lost" * 50])
    assert len(reader.read()) == 2
    before = dict(reader.places)
    written.close()
    written.segments[-1].unlink()

    written.open()
    assert reader.read() == []
    assert reader.tail.behind(reader.places) == 0
    written.write([b"c"])
    assert number(reader.places) == number(before)
    assert reader.tail.behind(reader.places) > 0
    assert reader.read() == [b"c"]


def number(places: Mapping[str, Place]) -> int:
    (place,) = places.values()
    return place.segment
