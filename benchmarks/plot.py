"""Latency over load, as a picture."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import names
from benchmarks.results import Results

# Windsock's fast lane in full colour, its other door paler; a door looks the same in every run.
_LOOKS: Mapping[str, tuple[str, str]] = {
    names.PROXY["distributed"]: ("#8fbbe8", "o"),
    names.FAST["distributed"]: ("#1f6fc4", "o"),
    names.PROXY["collapsed"]: ("#8fd19e", "s"),
    names.FAST["collapsed"]: ("#1a8a3a", "s"),
    names.UNCACHED: ("#c2a500", "s"),
    names.ECHO: ("#bbbbbb", "x"),
    names.MONOLITH: ("#d62728", "^"),
    names.MONOLITH_2: ("#ff9896", "^"),
    names.RAY_SERVE: ("#8c564b", "v"),
    names.LITSERVE: ("#9467bd", "D"),
    names.MOSEC: ("#222222", "D"),
    names.BENTOML: ("#e377c2", "D"),
}


def plot(results: Results, path: Path) -> None:
    """p50 and p99 of the open loops over the rate at which requests fell due."""
    import matplotlib as mpl  # noqa: PLC0415  it takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(1, 2, figsize=(13, 6.5), sharey=True)
    for axis, name in zip(axes, ("p50_ms", "p99_ms"), strict=True):
        for door in results.doors():
            points = _points(results, door, name)
            if points:
                colour, marker = _LOOKS.get(door, ("#555555", "."))
                rates, latencies = zip(*points, strict=True)
                axis.plot(rates, latencies, color=colour, marker=marker, label=door, lw=1.8, ms=5)
        _dress(axis, name.removesuffix("_ms"))
    axes[0].set_ylabel("milliseconds from when the request was due")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False, fontsize=9)
    about = results.about
    figure.suptitle(
        f"Latency over load, {about.get('cores')} cores of {about.get('processor')}, "
        "load generator included",
        fontsize=12,
    )
    figure.tight_layout(rect=(0, 0.11, 1, 1))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _points(results: Results, door: str, name: str) -> list[tuple[float, float]]:
    """Median rate and median latency of each level, in the order of the rates."""
    levels = [level for level in results.levels() if not level.startswith("c=")]
    found = []
    for level in levels:
        loads = [sample.load for sample in results.of(door, level)]
        if loads:
            rate = median(load.offered for load in loads)
            found.append((rate, median(getattr(load, name) for load in loads)))
    return sorted(found)


def _dress(axis: Any, name: str) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(name)
    axis.set_xlabel("requests per second offered")
    axis.grid(which="major", color="#dddddd")
    axis.grid(which="minor", color="#f2f2f2")
    axis.set_axisbelow(True)
