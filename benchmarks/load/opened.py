"""Open loop: requests fall due at a constant rate, and latency counts from then. By ``arrivals``,
a C program of this repository that is compiled when it is first needed.

wrk2 has this idea but is in no package registry, and what is (k6, vegeta in Go) takes as much
processor time per request as the servers that are measured here on the same cores.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from benchmarks.load.result import LoadError, LoadResult
from benchmarks.paths import CACHE

_SOURCES = Path(__file__).with_name("arrivals")
_RECORD = np.dtype(
    [
        *((name, "<u4") for name in ("due", "waited", "latency")),
        *((name, "<u2") for name in ("status", "matched")),
    ]
)
_PERCENTILES = (50, 90, 99, 100)

Step = tuple[float, float]
"""A rate in requests per second, and for how many seconds it holds."""


class Options(TypedDict, total=False):
    """How requests are sent. ``connections`` (256) are opened beforehand and used in turn, each for
    one request at a time; with ``reuse`` one is closed and opened anew after so many.

    A request that has found none free for ``patience_s`` is given up; without, it waits for as long
    as it takes. ``grace_s`` (5) is how long after the last request was due its answer is waited
    for. ``first`` is the line of the bodies to begin with, ``headers`` are sent with each request,
    and ``look_for`` is a string to look for in the body of each answer. With ``tick_s`` the
    generator sleeps for so long between two looks at what is due and what has come: times are less
    exact by as much, and it takes far less of the processors that it shares with the server.
    """

    first: int
    connections: int
    reuse: int
    patience_s: float
    grace_s: float
    headers: Mapping[str, str]
    look_for: str
    tick_s: float


@dataclass(frozen=True)
class Arrivals:
    """Every request of a run, in the order in which they fell due. Times are in seconds.

    ``status`` is 0 where no whole answer came; such a request has the latency it had reached.
    ``matched`` is whether the answer's body held the string that was looked for, if one was.
    ``origin`` is the instant from which ``due`` counts, of ``time.monotonic()``.
    """

    due: npt.NDArray[np.float64]
    waited: npt.NDArray[np.float64]
    latency: npt.NDArray[np.float64]
    status: npt.NDArray[np.uint32]
    generator_cpu_s: float
    matched: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    origin: float = 0.0

    def __len__(self) -> int:
        return len(self.due)

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
        return self.part((self.due >= start_s) & (self.due < end_s))

    def part(self, chosen: npt.NDArray[np.bool_]) -> "Arrivals":
        """Those that are ``chosen``."""
        return Arrivals(
            self.due[chosen],
            self.waited[chosen],
            self.latency[chosen],
            self.status[chosen],
            self.generator_cpu_s,
            self.matched[chosen] if len(self.matched) else self.matched,
            self.origin,
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


class OpenLoad:
    """Load that runs beside its caller."""

    def __init__(self, command: Sequence[str], records: Path, timeout_s: float) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._name = command[0]
        self._records = records
        self._begun_at = time.monotonic()
        self._timeout_s = timeout_s

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._begun_at

    def finish(self) -> Arrivals:
        """What has come of it once it has ended. Raises LoadError."""
        try:
            output, errors = self._process.communicate(timeout=self._timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LoadError(f"{self._name} did not end within {self._timeout_s:.0f} s") from error
        if self._process.returncode:
            raise LoadError(f"{self._name}: {errors or output}")
        return read(self._records, output)

    def end(self) -> Arrivals:
        """The same, and from now on no more requests fall due."""
        self._process.terminate()
        return self.finish()

    def kill(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        with self._process:  # which closes its pipes
            pass


@contextmanager
def opened(
    url: str, bodies: Path, steps: Sequence[Step], **options: Unpack[Options]
) -> Iterator[OpenLoad]:
    """POST the lines of ``bodies`` in order as the steps say, beside the block; what is still
    running at its end is killed."""
    where = urlsplit(url)
    grace_s = options.get("grace_s", 5.0)
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        command = [str(built())]
        for header in options.get("headers", {}).items():
            command += ["-H", ": ".join(header)]
        if look_for := options.get("look_for"):
            command += ["-m", look_for]
        if tick_s := options.get("tick_s"):
            command += ["-t", str(round(tick_s * 1e6))]
        command += [
            *(where.hostname or "", str(where.port or 80), where.path or "/", str(bodies)),
            *(str(options.get("first", 0)), str(options.get("connections", 256))),
            *(str(options.get("reuse", 0)), str(options.get("patience_s", 0.0))),
            *(str(grace_s), str(records)),
            *(f"{rate}:{seconds}" for rate, seconds in steps),
        ]
        load = OpenLoad(command, records, sum(seconds for _, seconds in steps) + grace_s + 30)
        try:
            yield load
        finally:
            load.kill()


def open_loop(
    url: str, bodies: Path, steps: Sequence[Step], **options: Unpack[Options]
) -> Arrivals:
    """POST the lines of ``bodies`` in order as the steps say, and wait for the end of it."""
    with opened(url, bodies, steps, **options) as load:
        return load.finish()


def read(path: Path, output: str) -> Arrivals:
    """The records that ``arrivals`` wrote, and what it printed."""
    records = np.fromfile(path, dtype=_RECORD)
    told = json.loads(output)
    return Arrivals(
        due=records["due"] / 1e6,
        waited=records["waited"] / 1e6,
        latency=records["latency"] / 1e6,
        status=records["status"].astype(np.uint32),
        generator_cpu_s=told["cpu_us"] / 1e6,
        matched=records["matched"].astype(np.bool_),
        origin=told["origin_us"] / 1e6,
    )


def compiler() -> str | None:
    """Where the C compiler is, if there is one."""
    return shutil.which(os.environ.get("CC", "cc"))


def built(folder: Path = CACHE) -> Path:
    """The program, compiled if its sources are newer. Raises LoadError where it cannot be."""
    program = folder / "arrivals"
    sources = sorted(_SOURCES.glob("*.[ch]"))
    if program.exists() and program.stat().st_mtime > max(s.stat().st_mtime for s in sources):
        return program
    if compiler() is None:
        raise LoadError(
            "no C compiler for the open-loop generator: `apt-get install gcc libc6-dev`"
        )
    folder.mkdir(exist_ok=True)
    command = [
        str(compiler()),
        "-O2",
        "-o",
        str(program),
        *(str(s) for s in sources if s.suffix == ".c"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LoadError(f"{' '.join(command)}: {done.stderr}")
    return program
