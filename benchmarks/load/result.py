"""What one run of load gave."""

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.unmeasured import Unmeasured


@dataclass(frozen=True)
class LoadResult:
    """``good`` answers had a status below 400; ``refused`` ones had another status; ``lost``
    requests got no whole answer. Latencies are of all answers, in milliseconds, 0 where they were
    not measured.

    In an open loop latency counts from the instant at which a request fell due, ``offered`` is the
    rate at which they did (0 in a closed loop), and a request that was not answered in time counts
    with the time it had waited. ``late_ms`` is the 99th percentile of how long due requests waited
    in the generator: for a free connection, or for the processor.
    """

    seconds: float
    good: int
    refused: int = 0
    lost: int = 0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    generator_cpu_s: float = 0.0
    offered: float = 0.0
    late_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.good / self.seconds if self.seconds else 0.0

    @property
    def bad(self) -> int:
        """Requests that were refused or lost."""
        return self.refused + self.lost


class LoadError(Unmeasured):
    """The load generator could not run; the message says why."""


def run_generator(
    command: Sequence[str], timeout_s: float, environment: Mapping[str, str] | None = None
) -> tuple[str, float]:
    """Output of a generator and the processor seconds (user and system) that it took, with this
    ``environment`` besides what there is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"{command[0]} did not end within {timeout_s:.0f} s") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise LoadError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, cpu_s
