"""Ray's own HAProxy, watched by the process that started it, and taken over from one that died.

**Why.** Ray 2.60 looks after its HAProxy from the controller alone, by three health checks of its
manager, ten seconds apart: one that dies or hangs is back after half a minute. A manager that dies
leaves it running, and the next one cannot have its ports; one that starts knows no route for a
moment, and answers 404. ``RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S`` shortens the first alone.
**To see it.** ``python tests/ray/haproxy_dies.py``
**When Ray mends it.** The script exits with 0: delete this file.
"""

import asyncio
import inspect
import logging
import os
import signal
from pathlib import Path
from typing import Any

import psutil
from ray.serve._private.haproxy import HAProxyApi

from app.doors.haproxy_watch import answers, watch
from app.ray_private.haproxy_surface import private

_USED = ("start", "stop", "reload", "_graceful_reload", "_start_and_wait_for_haproxy")
logger = logging.getLogger("ray.serve")


def unfit() -> str | None:
    """Why this Ray's HAProxy cannot be watched in this way."""
    if all(inspect.iscoroutinefunction(getattr(HAProxyApi, name, None)) for name in _USED):
        return None
    return "this Ray runs its HAProxy in another way: it is back late where it dies or hangs"


class Orphan:
    """An HAProxy that another process started, with what Ray asks of one of its own."""

    _stdout_path = _stderr_path = ""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    @property
    def returncode(self) -> int | None:
        lives = self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        return None if lives else -signal.SIGKILL

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> None:
        while self.returncode is None:
            await asyncio.sleep(0.01)


class WatchedHAProxy(HAProxyApi):
    """Ray's class, which starts its process again within two seconds of its death, or of its last
    answer, and takes over one that a manager before it left."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        config = named["cfg"]
        for path in (config.socket_path, config.metrics_socket_path, named["config_file_path"]):
            private(Path(path).parent)
        super().__init__(*arguments, **named)
        self._proc: Any
        self._changing = asyncio.Lock()
        self._stopped = self._failed = False
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        left = [Orphan(pid) for pid in self._left()]
        if left and await answers(self.cfg.socket_path):
            pid = await self._get_running_pid()
            self._proc = next((one for one in left if one.pid == pid), None)
            logger.warning("HAProxy runs already (pid %s): its routes stay until others come", pid)
        if self._proc is None:
            for one in left:  # they hold the ports, and answer nobody
                one.kill()
                await one.wait()
            await super().start()
        else:
            self._old_procs += [one for one in left if one is not self._proc]  # type: ignore[misc]
        self._watching = asyncio.create_task(self._watch())

    async def reload(self) -> None:
        if isinstance(self._proc, Orphan) and not self.backend_configs:
            return  # it knows routes, and we do not yet
        await super().reload()

    async def is_running(self) -> bool:
        """What the controller goes by: while it begins again, its manager is not to be replaced."""
        return self._watching is not None and not self._watching.done() and not self._failed

    async def stop(self) -> None:
        self._stopped = True
        async with self._changing:
            if self._watching:
                self._watching.cancel()
            await super().stop()

    async def _graceful_reload(self) -> None:
        async with self._changing:
            if self._proc is None or self._proc.returncode is None:
                await super()._graceful_reload()
            else:  # it has just ended
                self._proc = await self._start_and_wait_for_haproxy()

    async def _watch(self) -> None:
        socket = self.cfg.socket_path
        await watch(socket, self._watched, self._begin_again, logger.error)

    def _watched(self) -> Any:
        return None if self._stopped else self._proc

    async def _begin_again(self) -> None:
        async with self._changing:
            if not self._stopped and self._proc.returncode is not None:
                try:
                    self._proc = await self._start_and_wait_for_haproxy()
                    self._failed = False
                except (RuntimeError, OSError) as error:
                    logger.error("HAProxy does not start again: %s", error)
                    self._failed = True

    def _left(self) -> list[int]:
        """Those with this configuration that run already; they are of a manager that is gone."""
        return [
            int(one)
            for one in os.listdir("/proc")
            if one.isdigit() and self._is_our_haproxy(int(one))
        ]
