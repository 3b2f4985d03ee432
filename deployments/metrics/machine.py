"""What a replica takes of its machine."""

import asyncio
import sys

import psutil

from deployments.metrics import nvml
from deployments.metrics.catalogue import machine
from deployments.metrics.series import COUNTS, Counts

_LOOK_S = 0.1


class LoopLag:
    """How late timers of the running loop ring. Once closed it looks no more."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._worst = 0.0
        self._wait()

    def worst(self) -> float:
        """In seconds, since it was asked last."""
        # One that has not rung yet is late, too.
        worst = max(self._worst, self._loop.time() - self._due)
        self._worst = 0.0
        return max(0.0, worst)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _wait(self) -> None:
        self._due = self._loop.time() + _LOOK_S
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._worst = max(self._worst, self._loop.time() - self._due)
        self._wait()


class Machine:
    """Tells of this process, a replica of the deployment ``stage``, whenever metrics are exported,
    until it is closed. For the loop that makes it."""

    def __init__(self, stage: str, counts: Counts = COUNTS) -> None:
        self._stage = stage
        self._counts = counts
        self._process = psutil.Process()
        self._cpu = counts.counter(machine.CPU)[stage]
        self._memory = counts.gauge(machine.MEMORY)[stage]
        self._lag = counts.gauge(machine.LOOP_LAG)[stage]
        self._loop_lag = LoopLag()
        self._tell_no_more = counts.ask(self.tell)

    def tell(self) -> None:
        """Set what it is now."""
        with self._process.oneshot():
            times = self._process.cpu_times()
            self._memory.set(self._process.memory_info().rss)
        self._cpu.value = times.user + times.system
        self._lag.set(self._loop_lag.worst())
        if _uses_gpu():
            self._tell_gpus()

    def close(self) -> None:
        """Tell no more."""
        self._tell_no_more()
        self._loop_lag.close()

    def _tell_gpus(self) -> None:
        import torch  # noqa: PLC0415  # which is there, or it would use none

        for place in range(torch.cuda.device_count()):
            held = torch.cuda.memory_reserved(place)
            if not held:
                continue
            gpu = nvml.gpu(str(torch.cuda.get_device_properties(place).uuid))
            labels = self._stage, str(place if gpu is None else gpu.number)
            self._counts.gauge(machine.GPU_MEMORY)[labels].set(held)
            if gpu is not None and gpu.busy is not None:
                self._counts.gauge(machine.GPU_BUSY)[labels].set(gpu.busy)


def _uses_gpu() -> bool:
    """Whether this process has begun to use one: to ask must not be what begins it, nor what brings
    torch into a process that does without."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized()
