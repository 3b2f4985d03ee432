"""A program that runs beside this one, and ends with it."""

import asyncio
from asyncio.subprocess import STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.start.outliving import ends_with_us

_STARTS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 15.0
_POLL_S = 0.1
_TOLD = 5


class Ended(Exception):
    """It does not start, or has ended; the message has the last it said."""


@dataclass
class Child:
    """``ready`` is the URL that answers 200 once it works, ``log`` the file that has all that it
    prints."""

    name: str
    command: Sequence[str]
    ready: str
    log: Path
    environment: Mapping[str, str] | None = None
    process: Process | None = field(default=None, init=False)

    async def start(self) -> None:
        """Until it works. Raises Ended."""
        with self.log.open("wb") as log:
            try:
                self.process = await asyncio.create_subprocess_exec(
                    *self.command,
                    stdout=log,
                    stderr=STDOUT,
                    env=self.environment,
                    process_group=0,  # the keys of a terminal are for who started it
                    preexec_fn=ends_with_us(),
                )
            except OSError as error:
                raise Ended(f"{self.name} cannot be started: {error.strerror}") from error
        async with httpx.AsyncClient(trust_env=False) as client:
            await self._until_it_works(client)

    async def _until_it_works(self, client: httpx.AsyncClient) -> None:
        assert self.process
        with suppress(TimeoutError):
            async with asyncio.timeout(_STARTS_WITHIN_S):
                while self.process.returncode is None:
                    with suppress(httpx.HTTPError):
                        if (await client.get(self.ready)).is_success:
                            return
                    await asyncio.sleep(_POLL_S)
        raise Ended(self._last_words("has not started"))

    async def run(self) -> None:
        """Until it ends by itself, which raises Ended."""
        assert self.process
        await self.process.wait()
        raise Ended(self._last_words("has ended"))

    async def stop(self) -> None:
        """End it, in its own time if that is short."""
        if (process := self.process) is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it now."""
        if self.process and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()

    def _last_words(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TOLD:]
        return "\n  ".join([f"{self.name} {what}; the last lines of {self.log}:", *lines])
