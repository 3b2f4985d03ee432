"""The command that watches memory at 80% of capacity, through the fast lane."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Option

from benchmarks.bars import Bar
from benchmarks.bodies import instances
from benchmarks.config import LayoutName
from benchmarks.graph import config_of, running_graph
from benchmarks.load.opened import open_loop
from benchmarks.load.result import LoadResult
from benchmarks.plots import drawing
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.soak.growth import SETTLED_S, TOLERANCE, Growth, growths, together
from benchmarks.scenarios.soak.memory import Recorder, Series
from benchmarks.tables import Table, number

_SHARE = 0.8
_EVERY_S = 5.0
_CONNECTIONS = 128
# The generator counts microseconds in 32 bits.
_LONGEST_MIN = 70
_SETTLED = f"{SETTLED_S / 60:g}"
_LARGEST = 8

Minutes = Annotated[int, Option(min=1, max=_LONGEST_MIN, help="Growth needs at least 4.")]


def soak(
    *,
    layout: LayoutName = "distributed",
    minutes: Minutes = 10,
    quick: Quick = False,
    publish: Publish = False,
) -> int:
    """Whether memory stays where it is, at 80% of capacity for minutes."""
    minutes = 1 if quick else minutes
    plan = {
        "layout": layout,
        "replicas": "one of each: a replica more is no leak",
        "minutes": minutes,
        "share of capacity": _SHARE,
        "memory read every s": _EVERY_S,
        "tolerance": f"{TOLERANCE:.0%} of all PSS",
    }
    with measuring("soak", plan) as run, running_graph(config_of(layout), instances()) as graph:
        run.say("Measuring its capacity")
        capacity = graph.capacity("fast", _CONNECTIONS, 5, repeats=3)
        rate = capacity * _SHARE
        run.say(f"{rate:,.0f} requests a second for {minutes} minutes")
        recorder = Recorder(graph.server, _EVERY_S)
        with recorder.recording():
            arrivals = open_loop(graph.url("fast"), graph.bodies, [(rate, minutes * 60.0)])
    by_minute = {
        minute + 1: arrivals.between(minute * 60, (minute + 1) * 60).summary(60.0, minute * 60.0)
        for minute in range(minutes)
    }
    series, found = recorder.series, growths(recorder.series)
    plot(series, run.folder / "soak.png", f"Memory at {rate:,.0f} requests a second")
    outcome = Outcome(
        "soak",
        run.about | {"capacity": f"{capacity:,.0f}/s", "rate": f"{rate:,.0f}/s"},
        tables(series, found, by_minute),
        {
            "growth": [asdict(one) for one in found],
            "minutes": {minute: asdict(load) for minute, load in by_minute.items()},
            "memory": [asdict(one) for one in series],
        },
        bars(found, by_minute),
        ["soak.png"],
    )
    return finish(outcome, run.folder, publish=publish)


def bars(found: Sequence[Growth], minutes: Mapping[int, LoadResult]) -> list[Bar]:
    """No growth, and no request lost or refused meanwhile."""
    bad = sum(load.bad for load in minutes.values())
    grown = max(0.0, found[0].part) * 100 if found else None
    what = f"growth of PSS after the first {_SETTLED} minutes, %"
    return [Bar(what, TOLERANCE * 100, grown), Bar("requests lost or refused", 0.0, float(bad))]


def tables(
    series: Sequence[Series], found: Sequence[Growth], minutes: Mapping[int, LoadResult]
) -> list[Table]:
    """All memory at three instants, growth by process, and the answers by minute."""
    read = list(zip(*together(series), strict=True))
    settled = next((one for one in read if one[0] >= SETTLED_S), None)
    instants = [("at first", read[0]), (f"after {_SETTLED} minutes", settled), ("last", read[-1])]
    whole = [[name, number(one[1]), number(one[2])] for name, one in instants if one is not None]
    grown = [
        [
            *(one.name, number(one.first_mb), number(one.last_mb)),
            *(f"{one.mb:+.2f}", f"{one.part:+.2%}", f"{one.slope_mb_min:+.3f}"),
        ]
        for one in found
    ]
    answered = [
        [
            str(minute),
            *map(number, (load.offered, load.rate, load.p50_ms, load.p99_ms)),
            *map(str, (load.refused, load.lost)),
        ]
        for minute, load in minutes.items()
    ]
    title = f"PSS in MB: medians of the minute after the first {_SETTLED}, and of the last one"
    columns = ("", "then", "at the end", "growth", "", "slope, MB a minute")
    asked = ("minute", "offered/s", "answered/s", "p50 ms", "p99 ms", "refused", "lost")
    return [
        Table("All processes, MB", ("", "RSS", "PSS"), whole),
        Table(title, columns, grown),
        Table("Answers by minute", asked, answered),
    ]


def plot(series: Sequence[Series], path: Path, title: str) -> None:
    """PSS and RSS of all processes together, and PSS of the largest ones from their own start."""
    with drawing(path, title, 2, 1, figsize=(11, 8), sharex=True) as (whole, each):
        at_s, rss_mb, pss_mb = together(series)
        minutes = [at / 60 for at in at_s]
        whole.plot(minutes, rss_mb, color="#8fbbe8", label="resident (RSS)")
        whole.plot(minutes, pss_mb, color="#1f6fc4", label="proportional (PSS)")
        whole.set_ylim(bottom=0)
        whole.set_ylabel("MB, all processes")
        for one in sorted(series, key=lambda one: -max(one.pss_mb, default=0.0))[:_LARGEST]:
            grown = [value - one.pss_mb[0] for value in one.pss_mb]
            label = f"{one.name}, {one.pss_mb[-1]:.0f} MB"
            each.plot([at / 60 for at in one.at_s], grown, label=label)
        each.set_ylabel("MB of PSS more than at first")
        each.set_xlabel("minutes under load")
        for axis in (whole, each):
            axis.axvline(SETTLED_S / 60, color="#999999", ls="--", lw=1)
