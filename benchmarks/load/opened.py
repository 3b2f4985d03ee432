"""Open loop: requests fall due at a constant rate, and latency counts from then. By ``arrivals``,
a C program of this repository that is compiled when it is first needed.

wrk2 has this idea but is in no package registry, and what is (k6, vegeta in Go) takes as much
processor time per request as the servers that are measured here on the same cores.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from benchmarks.load.result import LoadError, LoadResult, run_generator
from benchmarks.paths import CACHE

_SOURCES = Path(__file__).with_name("arrivals")
_RECORD = np.dtype([("due", "<u4"), ("waited", "<u4"), ("latency", "<u4"), ("status", "<u4")])
_PERCENTILES = (50, 90, 99, 100)

Step = tuple[float, float]
"""A rate in requests per second, and for how many seconds it holds."""


@dataclass(frozen=True)
class Arrivals:
    """Every request of a run, in the order in which they fell due. Times are in seconds.

    ``status`` is 0 where no whole answer came; such a request has the latency it had reached.
    """

    due: npt.NDArray[np.float64]
    waited: npt.NDArray[np.float64]
    latency: npt.NDArray[np.float64]
    status: npt.NDArray[np.uint32]
    generator_cpu_s: float

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        return (self.status > 0) & (self.status < 400)

    @property
    def unsent(self) -> npt.NDArray[np.bool_]:
        """Those that no connection came free for in time: the server never saw them."""
        unsent: npt.NDArray[np.bool_] = (self.status == 0) & (self.waited >= self.latency)
        return unsent

    def between(self, start_s: float, end_s: float) -> "Arrivals":
        """Those that fell due in this part of the run; the generator's time stays that of all."""
        part = (self.due >= start_s) & (self.due < end_s)
        return Arrivals(
            self.due[part],
            self.waited[part],
            self.latency[part],
            self.status[part],
            self.generator_cpu_s,
        )

    def summary(self, seconds: float, start_s: float = 0.0) -> LoadResult:
        """All of it in numbers, for a run, or a part of one that began at ``start_s``, in which
        requests fell due for this long."""
        p50, p90, p99, longest = (
            np.percentile(self.latency, _PERCENTILES) * 1e3 if len(self.latency) else [0.0] * 4
        )
        # What is still being answered after the last one fell due is part of the time it took.
        answered_by = float((self.due + self.latency).max(initial=0.0)) - start_s
        return LoadResult(
            seconds=max(seconds, answered_by),
            good=int(self.good.sum()),
            refused=int((self.status >= 400).sum()),
            lost=int((self.status == 0).sum()),
            p50_ms=float(p50),
            p90_ms=float(p90),
            p99_ms=float(p99),
            max_ms=float(longest),
            generator_cpu_s=self.generator_cpu_s,
            offered=len(self.due) / seconds,
            late_ms=float(np.percentile(self.waited, 99)) * 1e3 if len(self.waited) else 0.0,
        )


def open_loop(
    url: str,
    bodies: Path,
    steps: Sequence[Step],
    *,
    first: int = 0,
    connections: int = 256,
    reuse: int = 0,
    patience_s: float = 0.0,
    grace_s: float = 5.0,
) -> Arrivals:
    """POST the lines of ``bodies`` in order, from line ``first`` on, as the steps say.

    ``connections`` are opened beforehand and used in turn, each for one request at a time;
    with ``reuse`` one is closed and opened anew after so many. A request that has found none free
    for ``patience_s`` is given up; without, it waits for as long as it takes.
    ``grace_s`` is how long after the last request was due its answer is waited for.
    """
    where = urlsplit(url)
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        command = [
            *(str(built()), where.hostname or "", str(where.port or 80), where.path or "/"),
            *(str(bodies), str(first), str(connections)),
            *(str(reuse), str(patience_s), str(grace_s), str(records)),
            *(f"{rate}:{seconds}" for rate, seconds in steps),
        ]
        seconds = sum(seconds for _, seconds in steps)
        _, cpu_s = run_generator(command, seconds + grace_s + 30)
        return read(records, cpu_s)


def read(path: Path, cpu_s: float) -> Arrivals:
    """The records that ``arrivals`` wrote."""
    records = np.fromfile(path, dtype=_RECORD)
    return Arrivals(
        due=records["due"] / 1e6,
        waited=records["waited"] / 1e6,
        latency=records["latency"] / 1e6,
        status=records["status"],
        generator_cpu_s=cpu_s,
    )


def built(folder: Path = CACHE) -> Path:
    """The program, compiled if its sources are newer. Raises LoadError where it cannot be."""
    program = folder / "arrivals"
    sources = sorted(_SOURCES.glob("*.[ch]"))
    if program.exists() and program.stat().st_mtime > max(s.stat().st_mtime for s in sources):
        return program
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise LoadError(
            "no C compiler for the open-loop generator: `apt-get install gcc libc6-dev`"
        )
    folder.mkdir(exist_ok=True)
    command = [compiler, "-O2", "-o", str(program), *(str(s) for s in sources if s.suffix == ".c")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LoadError(f"{' '.join(command)}: {done.stderr}")
    return program
