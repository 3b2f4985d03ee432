"""The feed as seen by who asks: a process that is told what to do."""

import asyncio
import sys
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from app.observability.replay.messages import Command, Failed, Reply

R = TypeVar("R", bound=msgspec.Struct)

# A moment's rows of a large day, in a line of JSON.
_LONGEST_LINE = 2**26
_END_S = 10.0


class FeedFailed(Exception):
    """The feed cannot go on; says why."""


class Feeding:
    """The process, as a context: it ends with it, as it does with this process."""

    async def __aenter__(self) -> Self:
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Reply).decode
        # What Feast and its libraries print would tear the table: it is read where the feed fails.
        self._said = TemporaryFile()  # noqa: SIM115  # closed where this context ends
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "app.observability.replay.feed"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._said,
            limit=_LONGEST_LINE,
        )
        return self

    async def tell(self, command: Command, expected: type[R]) -> R:
        """The reply to a command. Raises FeedFailed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(self._encode(command) + b"\n")
            await stdin.drain()
        except ConnectionError:
            pass  # its end says more
        line = await stdout.readline()
        if not line:
            status = await self._process.wait()
            raise FeedFailed(f"the feed ended with status {status}: {self._last_line()}")
        reply = self._decode(line)
        if isinstance(reply, Failed):
            raise FeedFailed(reply.why)
        if not isinstance(reply, expected):
            raise FeedFailed(f"the feed answered {type(reply).__name__}")
        return reply

    def _last_line(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it end with what it is at, and end it where that takes long."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        finally:
            self._said.close()
