import asyncio

import pytest
from starlette.types import Message

from app.protocols.stream.read_ahead import ReadAhead, TooFarAhead
from tests.support.wait import wait_for

GONE = {"type": "websocket.disconnect", "code": 1000}


def text(size: int) -> Message:
    return {"type": "websocket.receive", "text": "x" * size}


def sent(*messages: Message) -> "asyncio.Queue[Message]":
    """What a client has sent, and nobody has received yet."""
    queue: asyncio.Queue[Message] = asyncio.Queue()
    for message in messages:
        queue.put_nowait(message)
    return queue


async def test_messages_come_in_order_and_the_end_last() -> None:
    messages = [text(size) for size in range(1, 10)]
    ahead = ReadAhead(sent(*messages, GONE).get, 1000)

    assert [await ahead() for _ in range(10)] == [*messages, GONE]


async def test_everything_is_taken_at_once_and_what_is_received_makes_room() -> None:
    client = sent()
    ahead = ReadAhead(client.get, 100)
    for _ in range(3):
        for size in (50, 40):
            client.put_nowait(text(size))
        await wait_for(client.empty)
        assert [await ahead(), await ahead()] == [text(50), text(40)]
    ahead.stop()


async def test_a_client_that_sends_too_far_ahead_is_told() -> None:
    client = sent(text(60), {"type": "websocket.receive", "bytes": b"x" * 41}, text(1))
    ahead = ReadAhead(client.get, 100)
    await wait_for(lambda: client.qsize() == 1)

    with pytest.raises(TooFarAhead, match="100 bytes"):
        await ahead()
    assert client.qsize() == 1, "no more is taken of it"


async def test_what_the_door_raises_is_raised() -> None:
    async def broken() -> Message:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        await ReadAhead(broken, 100)()
