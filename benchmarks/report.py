"""The results as tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.bars import Bar
from benchmarks.names import MONOLITH
from benchmarks.results import Results, Sample
from benchmarks.tables import Table, number, shown

Figure = Callable[[Sample], float]


def tables(results: Results) -> list[Table]:
    """All that a comparison says beside its bars and its machine, most important first."""
    closed = [level for level in results.levels() if level.startswith("c=")]
    opened = [level for level in results.levels() if not level.startswith("c=")]
    found = [_rates(results, closed)]
    for name, figure in (("p50", _p50), ("p99", _p99)):
        found.append(_latencies(results, closed, f"Closed loop: {name} in ms", figure))
    due = "in ms from when a request was due; parts are of each one's own capacity"
    for name, figure in (("p50", _p50), ("p99", _p99)):
        if opened:
            found.append(_latencies(results, opened, f"Open loop: {name} {due}", figure))
    found.append(_costs(results))
    if uses := results.about.get("keys"):
        found.append(_keys(uses))
    if results.failures:
        failed = list(results.failures.items())
        found.append(Table("Failed", ("contender", "why"), failed, prose=True))
    return found


def _rates(results: Results, levels: list[str]) -> Table:
    compared = "c=128" if "c=128" in levels else levels[-1]
    peer = results.best_peer(compared)
    rows = []
    for door in results.doors():
        mine = results.rate(door, compared)
        rows.append(
            [
                door,
                *(shown(results.spread(door, level, lambda s: s.load.rate)) for level in levels),
                _times(mine, results.rate(MONOLITH, compared)),
                _times(mine, results.rate(peer, compared) if peer else None),
                _bad(results, door),
            ]
        )
    columns = ["", *levels, "x monolith", f"x {peer or 'best peer'}", "bad, open loops too"]
    title = f"Closed loop: good answers per second, median (range); ratios at {compared}"
    return Table(title, columns, rows)


def _latencies(results: Results, levels: list[str], title: str, figure: Figure) -> Table:
    rows = [
        [door, *(shown(results.spread(door, level, figure)) for level in levels)]
        for door in results.doors()
    ]
    return Table(title, ["", *levels], rows)


def _costs(results: Results) -> Table:
    levels = results.levels()
    level = "c=128" if "c=128" in levels else levels[0]
    rows = [
        [
            door,
            shown(results.spread(door, level, lambda s: s.cpu_ms), 3),
            shown(results.spread(door, level, lambda s: s.generator_cpu_ms), 3),
            shown(results.started(door, lambda s: s.memory.rss_mb)),
            shown(results.started(door, lambda s: s.memory.pss_mb)),
            shown(results.started(door, lambda s: s.memory.processes)),
            shown(results.started(door, lambda s: s.ready_s)),
        ]
        for door in results.doors()
    ]
    columns = ["", "CPU ms", "generator ms", "RSS MB", "PSS MB", "processes", "start s"]
    title = f"Cost: processor time per good answer at {level}, memory of all processes, start"
    return Table(title, columns, rows)


def bar_table(found: Iterable[Bar]) -> Table:
    """Each bar beside what was measured; those that were not are left out."""
    rows = [
        [bar.what, f"{'>=' if bar.at_least else '<='} {bar.limit:,g}", _value(bar), _verdict(bar)]
        for bar in found
        if bar.value is not None
    ]
    return Table("Bars that this run can judge", ("", "bar", "here", ""), rows)


def _keys(uses: Mapping[str, Any]) -> Table:
    rates = next(iter(uses.values()))["hits"]
    rows = [
        [view, f"{use['distinct']:,}", *(f"{share:.1%}" for share in use["hits"].values())]
        for view, use in uses.items()
    ]
    title = "Keys in the requests, and what Windsock's row cache expects to hit at a rate"
    return Table(title, ["view", "keys", *(f"{rate}/s" for rate in rates)], rows)


def agreement(results: Results) -> str:
    """How far the answers of the contenders were apart."""
    worst = max(results.differences.values(), default=0.0)
    return f"within {worst:.1g} of Windsock's, on {len(results.differences)} doors"


def machine_table(about: Mapping[str, Any]) -> Table:
    """What ``machine.describe`` and the command say of the run."""
    shown_about = {name: value for name, value in about.items() if name != "keys"}
    packages, plan = shown_about.pop("packages", {}), shown_about.pop("plan", {})
    shown_about["plan"] = ", ".join(f"{name} {value}" for name, value in plan.items())
    shown_about["packages"] = ", ".join(f"{name} {version}" for name, version in packages.items())
    rows = [[name.replace("_", " "), str(value)] for name, value in shown_about.items()]
    return Table("Machine and versions", ("", ""), rows, prose=True)


def _value(bar: Bar) -> str:
    return "-" if bar.value is None else number(bar.value)


def _verdict(bar: Bar) -> str:
    return "reached" if bar.reached else "not reached"


def _times(mine: float | None, theirs: float | None) -> str:
    return f"{mine / theirs:.2f}" if mine is not None and theirs else "-"


def _bad(results: Results, door: str) -> str:
    loads = [sample.load for sample in results.samples if sample.door == door]
    return f"{sum(load.refused + load.lost for load in loads):,}"


def _p50(sample: Sample) -> float:
    return sample.load.p50_ms


def _p99(sample: Sample) -> float:
    return sample.load.p99_ms
