"""A comparison as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import samples
from benchmarks.samples import Figure, cpu_ms, generator_cpu_ms, p50, p99, rate, spread
from benchmarks.scenarios.compare.names import MONOLITH
from benchmarks.scenarios.compare.results import Results
from benchmarks.tables import Table, grid, number, shown


def tables(results: Results) -> list[Table]:
    """All that a comparison says beside its bars and its machine, most important first."""
    levels = samples.levels(results.samples)
    closed = [level for level in levels if level.startswith("c=")]
    opened = [level for level in levels if not level.startswith("c=")]
    taken = [one for door in results.doors() for one in results.samples if one.door == door]
    due = "in ms from when a request was due; parts are of each one's own capacity"
    found = [_rates(results, closed)]
    for title, columns in (("Closed loop: {} in ms", closed), (f"Open loop: {{}} {due}", opened)):
        for figure in (p50, p99) if columns else ():
            found.append(grid(title.format(figure.__name__), taken, figure, columns=columns))
    found.append(_costs(results, "c=128" if "c=128" in levels else levels[0]))
    if results.keys:
        found.append(_keys(results.keys))
    if results.failures:
        failed = list(results.failures.items())
        found.append(Table("Failed", ("contender", "why"), failed, prose=True))
    return found


def _rates(results: Results, levels: Sequence[str]) -> Table:
    compared = "c=128" if "c=128" in levels else levels[-1]
    peer = results.best_peer(compared) or ""
    rows = [
        [
            door,
            *(shown(spread(results.samples, door, level, rate)) for level in levels),
            *(number(results.times(door, one, compared, rate), 2) for one in (MONOLITH, peer)),
            f"{sum(one.load.bad for one in results.samples if one.door == door):,}",
        ]
        for door in results.doors()
    ]
    columns = ["", *levels, "x monolith", f"x {peer or 'best peer'}", "bad, open loops too"]
    title = f"Closed loop: good answers per second, median (range); ratios at {compared}"
    return Table(title, columns, rows)


def _costs(results: Results, level: str) -> Table:
    def cpu(door: str, figure: Figure) -> str:
        return shown(spread(results.samples, door, level, figure), 3)

    rows = [
        [
            door,
            cpu(door, cpu_ms),
            cpu(door, generator_cpu_ms),
            shown(results.started(door, lambda start: start.memory.rss_mb)),
            shown(results.started(door, lambda start: start.memory.pss_mb)),
            shown(results.started(door, lambda start: start.memory.processes)),
            shown(results.started(door, lambda start: start.ready_s)),
        ]
        for door in results.doors()
    ]
    columns = ["", "CPU ms", "generator ms", "RSS MB", "PSS MB", "processes", "start s"]
    title = f"Cost: processor time per good answer at {level}, memory of all processes, start"
    return Table(title, columns, rows)


def _keys(uses: Mapping[str, Any]) -> Table:
    rates = next(iter(uses.values()))["hits"]
    rows = [
        [view, f"{use['distinct']:,}", *(f"{share:.1%}" for share in use["hits"].values())]
        for view, use in uses.items()
    ]
    title = "Keys in the requests, and what Windsock's row cache expects to hit at a rate"
    return Table(title, ["view", "keys", *(f"{each}/s" for each in rates)], rows)


def agreement(results: Results) -> str:
    """How far the answers of the contenders were apart."""
    worst = max(results.differences.values(), default=0.0)
    return f"within {worst:.1g} of Windsock's, on {len(results.differences)} doors"
