"""A bound on what a door reads ahead of the application."""

import asyncio
from collections import deque

from starlette.types import Message, Receive


class TooFarAhead(Exception):
    """The client has sent more than is held for it; the text is for it."""


class ReadAhead:
    """What a client has sent before the application asks for it, at most ``limit`` bytes.

    uvicorn reads no further while a message waits to be received, so a client that sends more than
    it is answered has to wait. Ray's doors read on, without a bound, and hold what they have read
    in a queue. For them this takes everything at once, and says where it is too much.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._held: deque[Message] = deque()
        self._bytes = 0
        self._problem: Exception | None = None
        self._came = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def __call__(self) -> Message:
        """The next message. Raises TooFarAhead, or what the door does."""
        while not self._held:
            if self._problem is not None:
                raise self._problem
            self._came.clear()
            await self._came.wait()
        message = self._held.popleft()
        self._bytes -= _weight(message)
        return message

    def stop(self) -> None:
        """Read no more."""
        self._reading.cancel()

    async def _read(self) -> None:
        try:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                self._hold(message)
            self._hold(message)
        except Exception as error:
            self._problem = error
            self._came.set()

    def _hold(self, message: Message) -> None:
        self._bytes += _weight(message)
        if self._bytes > self._limit:
            self._held.clear()
            raise TooFarAhead(
                f"more than {self._limit} bytes were sent ahead: wait for answers between rows"
            )
        self._held.append(message)
        self._came.set()


def _weight(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or b"")
