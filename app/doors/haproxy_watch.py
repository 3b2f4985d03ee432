"""An HAProxy, looked after by the process that started it: another begins within two seconds of
its death, or of its last answer."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Never, Protocol

_PERIOD_S = 0.25
_ANSWERS_WITHIN_S = 0.5
_TRIES = 2


class Process(Protocol):
    """As asyncio has it."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def kill(self) -> None: ...

    async def wait(self) -> object: ...


async def watch(
    control: str,
    process: Callable[[], Process | None],
    begin_again: Callable[[], Awaitable[None]],
    say: Callable[[str], object],
) -> Never:
    """Until cancelled: where ``process()``, whose socket is at ``control``, has ended, or is silent
    and killed for it, ``say`` so, and ``begin_again``. That it has failed to is seen by what
    ``process()`` is then; what it raises ends the watch."""
    missed = 0
    while True:
        await asyncio.sleep(_PERIOD_S)
        if (watched := process()) is None:
            continue
        if watched.returncode is None:
            missed = 0 if await answers(control) else missed + 1
            if missed < _TRIES or process() is not watched:
                continue
            say(f"HAProxy (process {watched.pid}) does not answer: it is killed")
            with suppress(ProcessLookupError):
                watched.kill()
            await watched.wait()
        else:
            say(f"HAProxy (process {watched.pid}) has ended{_by(watched)}")
        missed = 0
        await begin_again()


async def answers(control: str) -> bool:
    """Whether the one with this socket does, within half a second."""
    try:
        return bool(await ask(control, "show version"))
    except OSError:
        return False


async def ask(control: str, command: str) -> bytes:
    """What it answers to this on its socket. Raises OSError, TimeoutError among them."""
    async with asyncio.timeout(_ANSWERS_WITHIN_S):
        reader, writer = await asyncio.open_unix_connection(control)
        try:
            writer.write(f"{command}\n".encode())
            return await reader.read()
        finally:
            writer.close()


def _by(ended: Process) -> str:
    code = ended.returncode or 0
    return f" by {signal.Signals(-code).name}" if code < 0 else f" with code {code}"
