"""A real Prometheus that holds a past: samples written into its blocks before it starts."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.wait import wait_until

_PROGRAMS = ("prometheus", "promtool")
Past = Mapping[str, Sequence[tuple[float, float]]]
"""Samples (Unix seconds, value) by series, as ``name{label="value"}``."""


@contextmanager
def prometheus_of(past: Past, directory: Path, port: int) -> Iterator[str]:
    """Its address; skips where there is no Prometheus. A series that ends is gone half a minute
    later, as no scrape says so."""
    if not all(map(shutil.which, _PROGRAMS)):
        pytest.skip("there is no prometheus: apt install prometheus")
    samples, data = directory / "past.txt", directory / "data"
    samples.write_text("".join(_lines(past)) + "# EOF\n")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, data],
        check=True,
        capture_output=True,
    )
    config = directory / "prometheus.yml"
    config.write_text("global: {scrape_interval: 15s}\n")
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            *("prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}"),
            *("--storage.tsdb.retention.time=100y", "--query.lookback-delta=30s"),
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _ready(url), "Prometheus is ready", timeout_s=60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _lines(past: Past) -> Iterator[str]:
    families: dict[str, list[str]] = {}
    for series in past:
        families.setdefault(series.partition("{")[0], []).append(series)
    for family, several in families.items():
        counts = family.endswith("_total")
        yield f"# TYPE {family.removesuffix('_total')} {'counter' if counts else 'gauge'}\n"
        for series in several:
            for at, value in past[series]:
                yield f"{series} {float(value)!r} {float(at):.3f}\n"


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready").status_code == 200
    except httpx.HTTPError:
        return False
