import asyncio

from app.doors.fast_lane.protocol import Corked


class Recorded(asyncio.Transport):
    """Remembers what is done to it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


async def test_what_is_written_in_one_turn_is_one_write() -> None:
    inner = Recorded()
    corked = Corked(inner, asyncio.get_running_loop())
    corked.write(b"head ")
    corked.write(b"body")
    assert inner.done == []

    await asyncio.sleep(0)
    assert inner.done == [b"head body"]

    corked.write(b"later")
    await asyncio.sleep(0)
    assert inner.done == [b"head body", b"later"]


async def test_nothing_is_lost_when_it_is_closed() -> None:
    inner = Recorded()
    corked = Corked(inner, asyncio.get_running_loop())
    corked.write(b"last words")
    corked.close()
    await asyncio.sleep(0)

    assert inner.done == [b"last words", "closed"]


async def test_what_is_written_through_comes_behind_what_is_held() -> None:
    inner = Recorded()
    corked = Corked(inner, asyncio.get_running_loop())
    corked.write(b"first ")
    corked.write_through(b"second")
    assert inner.done == [b"first second"]

    await asyncio.sleep(0)
    assert inner.done == [b"first second"]


async def test_everything_else_is_the_transports_own() -> None:
    inner = Recorded()
    corked = Corked(inner, asyncio.get_running_loop())

    assert not corked.is_closing()
    corked.close()
    assert corked.is_closing()
