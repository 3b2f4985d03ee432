"""Keeps the process that works aside, one for all replicas of a node."""

import asyncio
import fcntl
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from contextvars import Context
from pathlib import Path

import msgspec

from app.config import GraphArgs
from app.observability.aside.reports import Reports
from app.observability.aside.work import Report
from deployments.log import get_logger

logger = get_logger(__name__)

_LOCK = "aside.lock"
# How soon another replica takes over, and how long one waits that sees it die again and again.
_LOOK_S = 2.0
_MOST_S = 60.0
_LINE_BYTES = 16 * 2**20
_END_S = 2.0


class Keeper:
    """A guard. The replica that gets the lock of the node starts the process, and exports what it
    tells; the process holds the lock, too, so that there are never two of them."""

    def __init__(self, args: GraphArgs, command: tuple[str, ...] = ()) -> None:
        self._args = args
        self._directory: Path = args.observability.directory
        self._command = command or (sys.executable, "-m", "app.observability.aside.process")
        self._reports = Reports()
        self._problems: dict[str, str] = {}
        self._died: str | None = None
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look for the lock."""
        self._keeping = asyncio.create_task(self._keep(), context=Context())

    async def close(self) -> None:
        """End the process, if it is kept here."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping

    def problems(self) -> list[str]:
        """Works that fail now, and a process that dies."""
        died = [self._died] if self._died else []
        return [f"aside: {problem}" for problem in (*died, *self._problems.values())]

    async def _keep(self) -> None:
        wait_s = _LOOK_S
        while True:
            try:
                lock = self._locked()
            except OSError as error:
                self._tell(f"{self._directory} cannot be used: {error.strerror}")
                lock = None
            if lock is not None:
                began = asyncio.get_running_loop().time()
                try:
                    status = await self._run(lock)
                finally:
                    os.close(lock)
                    self._reports.forget()
                    self._problems = {}
                self._tell(f"the process that works aside ended with status {status}")
                lasted_s = asyncio.get_running_loop().time() - began
                wait_s = _LOOK_S if lasted_s > _MOST_S else min(2 * wait_s, _MOST_S)
            await asyncio.sleep(wait_s)

    def _locked(self) -> int | None:
        """The lock of the node, unless another holds it."""
        self._directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except BaseException:
            os.close(lock)
            raise
        return lock

    async def _run(self, lock: int) -> int:
        """Until it ends, with this status."""
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES, pass_fds=(lock,)
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(self._args.model_dump_json().encode() + b"\n")
            async for line in process.stdout:
                self._take(msgspec.json.decode(line, type=Report))
            return await process.wait()
        finally:
            process.stdin.close()
            if process.returncode is None:
                await _ended(process)

    def _take(self, report: Report) -> None:
        self._died = None
        if report.problem:
            self._problems[report.work] = report.problem
            return
        self._problems.pop(report.work, None)
        self._reports.take(report.work, report.samples)

    def _tell(self, problem: str) -> None:
        if self._died != problem:
            logger.error("%s", problem)
        self._died = problem


async def _ended(process: Process) -> None:
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
