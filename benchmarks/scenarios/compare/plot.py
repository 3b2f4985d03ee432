"""Latency over load, as a picture."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import samples
from benchmarks.plots import drawing
from benchmarks.samples import Figure, p50, p99
from benchmarks.scenarios.compare import names
from benchmarks.scenarios.compare.results import Results

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
    about = results.about
    machine = f"{about.get('cores')} cores of {about.get('processor')}"
    title = f"Latency over load, {machine}, load generator included"
    with drawing(path, title, 1, 2, figsize=(15, 6.5), sharey=True) as axes:
        for axis, figure in zip(axes, (p50, p99), strict=True):
            for door in results.doors():
                if points := _points(results, door, figure):
                    colour, marker = _LOOKS.get(door, ("#555555", "."))
                    look = {"color": colour, "marker": marker, "lw": 1.8, "ms": 5}
                    label = door if axis is axes[-1] else None
                    axis.plot(*zip(*points, strict=True), **look, label=label)
            axis.set(xscale="log", yscale="log", title=figure.__name__)
            axis.set_xlabel("requests per second offered")
            axis.grid(which="minor", color="#f2f2f2")
        axes[0].set_ylabel("milliseconds from when the request was due")


def _points(results: Results, door: str, figure: Figure) -> list[tuple[float, float]]:
    """Median rate and median latency of each level, in the order of the rates."""
    found = []
    for level in samples.levels(results.samples):
        at = [one for one in results.samples if (one.door, one.level) == (door, level)]
        if at and not level.startswith("c="):
            found.append((median(one.load.offered for one in at), median(map(figure, at))))
    return sorted(found)
