"""Keeps the process that works aside, one for all replicas of a node."""

import asyncio
import fcntl
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextvars import Context
from pathlib import Path

import msgspec

from app.config import GraphArgs
from app.observability.aside.ages import Ages
from app.observability.aside.reports import Reports
from app.observability.aside.work import Report
from app.observability.aside.works import names
from deployments.log import get_logger

logger = get_logger(__name__)

_LOCK = "aside.lock"
# How soon another replica takes over, and how long the one that keeps it waits, at least and at
# most, where it dies again and again.
_LOOK_S = 2.0
_MOST_S = 60.0
_LINE_BYTES = 16 * 2**20
_END_S = 2.0


class Keeper:
    """A guard. The replica that gets the lock of the node keeps the process alive, and exports what
    it tells; the process holds the lock, too, so that there are never two of them."""

    def __init__(self, args: GraphArgs, command: tuple[str, ...] = ()) -> None:
        self._args = args
        self._directory: Path = args.observability.directory
        self._command = command or (sys.executable, "-m", "app.observability.aside.process")
        self._reports = Reports()
        self._ages = Ages()
        self._problems: dict[str, str] = {}
        self._died: str | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Begin to look for the lock."""
        self._keeping = asyncio.create_task(self._keep(), context=Context())

    async def close(self) -> None:
        """End the process, if it is kept here."""
        keeping = self._keeping
        if keeping is None:
            return
        if not self._closing:
            keeping.cancel()
        self._closing = True
        await asyncio.wait([keeping])
        if not keeping.cancelled() and (error := keeping.exception()):
            logger.error("the process that works aside was not ended in order", exc_info=error)

    def problems(self) -> list[str]:
        """Works that fail now, and a process that dies."""
        died = [self._died] if self._died else []
        return [f"aside: {problem}" for problem in (*died, *self._problems.values())]

    async def _keep(self) -> None:
        lock = await self._lock()
        self._ages.begin(names(self._args))
        try:
            await self._run_on(lock)
        finally:
            os.close(lock)
            self._ages.end()
            self._reports.forget()

    async def _lock(self) -> int:
        """That of the node, once no other holds it."""
        while True:
            try:
                lock = _locked(self._directory)
            except OSError as error:
                self._tell(f"{self._directory} cannot be used: {error.strerror}")
            else:
                self._died = None
                if lock is not None:
                    return lock
            await asyncio.sleep(_LOOK_S)

    async def _run_on(self, lock: int) -> None:
        """Again and again, and less often where it dies soon."""
        time, wait_s = asyncio.get_running_loop().time, _LOOK_S
        while True:
            began = time()
            try:
                status = await self._run(lock)
                self._tell(f"the process that works aside ended with status {status}")
            except Exception as error:
                why = " ".join(str(error).split()) or type(error).__name__
                self._tell(f"the process that works aside cannot be kept: {why[:300]}", error)
            finally:
                self._reports.pause()
                self._problems = {}
            wait_s = _LOOK_S if time() - began > _MOST_S else min(2 * wait_s, _MOST_S)
            await asyncio.sleep(wait_s)

    async def _run(self, lock: int) -> int:
        """Until it ends, with this status."""
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, limit=_LINE_BYTES, pass_fds=(lock,)
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(self._args.model_dump_json().encode() + b"\n")
            async for line in process.stdout:
                if line.endswith(b"\n"):  # or it died while it told
                    self._take(msgspec.json.decode(line, type=Report))
            return await process.wait()
        finally:
            process.stdin.close()
            if process.returncode is None:
                await _ended(process)

    def _take(self, report: Report) -> None:
        self._died = None
        # Of a turn that failed there are none: what it told before is not so any more.
        self._reports.take(report.work, report.samples)
        if report.problem:
            self._problems[report.work] = report.problem
        else:
            self._problems.pop(report.work, None)
            self._ages.did(report.work)

    def _tell(self, problem: str, error: Exception | None = None) -> None:
        if self._died != problem:
            logger.error("%s", problem, exc_info=error)
        self._died = problem


def _locked(directory: Path) -> int | None:
    """The lock of the node, unless another holds it. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except BaseException:
        os.close(lock)
        raise
    return lock


async def _ended(process: Process) -> None:
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
