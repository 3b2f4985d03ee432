"""Frames: each whole or not there, found again behind damage, and bound to the one before."""

from dataclasses import dataclass, field

import pytest

from app.journal.frames import GENESIS, OVERHEAD, Damage, Frame, frame_at, framed, frames_of

MARKER = bytes(range(1, 9))


@dataclass
class Bytes:
    """Frames as they lie behind each other; ``ends`` is where each ends."""

    data: bytes = b""
    head: bytes = GENESIS
    ends: list[int] = field(default_factory=list)

    def add(self, payload: bytes) -> None:
        """One more frame, of one record."""
        number = len(self.ends)
        before, self.head = framed(
            MARKER, self.head, payload, flags=0, count=1, first=number, time_ns=7
        )
        self.data += before + payload
        self.ends.append(len(self.data))


@pytest.fixture
def written() -> Bytes:
    made = Bytes()
    for payload in (b"", b"one", b"two" * 50):
        made.add(payload)
    return made


def test_frames_are_read_as_they_were_written(written: Bytes) -> None:
    frames = list(frames_of(written.data, MARKER))

    assert [(one.first, one.payload) for one in frames if isinstance(one, Frame)] == [
        (0, b""),
        (1, b"one"),
        (2, b"two" * 50),
    ]
    assert [one.end for one in frames] == written.ends
    head = GENESIS
    for one in frames:
        assert isinstance(one, Frame)
        assert one.follows(head)
        assert not one.follows(MARKER)
        head = one.head
    assert head == written.head


@pytest.mark.parametrize("end", [1, OVERHEAD - 1, OVERHEAD, OVERHEAD + 2])
def test_what_is_cut_off_is_no_frame(written: Bytes, end: int) -> None:
    second = written.data[written.ends[0] : written.ends[1]]

    assert frame_at(second, 0, MARKER) is not None
    assert frame_at(second[:end], 0, MARKER) is None


def test_what_stands_behind_damage_is_found_again(written: Bytes) -> None:
    begin, end = written.ends[:2]
    for place in range(begin, end):
        broken = bytearray(written.data)
        broken[place] ^= 0x10

        found = list(frames_of(bytes(broken), MARKER))

        assert found[1] == Damage(begin, end)
        assert [type(one) for one in found] == [Frame, Damage, Frame]


def test_a_record_that_looks_like_a_frame_is_none() -> None:
    """Whoever sends it does not know the marker of the segment."""
    forged = Bytes()
    forged.add(b"forged")
    written = Bytes()
    written.add(bytes(8) + forged.data[8:])
    torn = written.data[:-1]

    assert list(frames_of(torn, MARKER)) == [Damage(0, len(torn))]
