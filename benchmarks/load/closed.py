"""Closed loop: each connection sends its next request once the last one is answered. By wrk."""

import json
import shutil
from pathlib import Path

from benchmarks.load.result import LoadError, LoadResult, run_generator

_SCRIPT = Path(__file__).with_name("closed.lua")
_GRACE_S = 30


def require_wrk() -> str:
    """The path of wrk. Raises LoadError with what to install."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LoadError("wrk is not installed: `apt-get install wrk`, or `brew install wrk`")
    return wrk


def closed_loop(
    url: str,
    bodies: Path,
    connections: int,
    seconds: int,
    *,
    first: int = 0,
    key: str | None = None,
) -> LoadResult:
    """POST the lines of ``bodies`` in order, from line ``first`` on, over that many connections,
    with this key.

    One thread sends: on few cores a second one only takes from the server.
    """
    command = [
        *(require_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"),
        *("-s", str(_SCRIPT), url, "--", str(bodies), str(first)),
    ]
    environment = {"WINDSOCK_KEY": key} if key else {}
    output, cpu_s = run_generator(command, seconds + 30 + _GRACE_S, environment)
    return parse(output, cpu_s)


def parse(output: str, cpu_s: float) -> LoadResult:
    """The JSON that ``closed.lua`` writes on the last line."""
    try:
        found = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise LoadError(f"wrk gave no summary: {output[-500:]!r}") from error
    return LoadResult(
        seconds=found["seconds"],
        good=found["answers"] - found["refused"],
        refused=found["refused"],
        # wrk counts a timeout for each of its checks on a request that is late, not only once.
        lost=found["errors"] + found["timeouts"],
        p50_ms=found["p50_us"] / 1e3,
        p90_ms=found["p90_us"] / 1e3,
        p99_ms=found["p99_us"] / 1e3,
        max_ms=found["max_us"] / 1e3,
        generator_cpu_s=cpu_s,
    )
