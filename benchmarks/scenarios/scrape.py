"""What a scrape of the node's metrics takes under full load, and what the agent that answers it
holds."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Annotated

import httpx
import psutil
from typer import Option

from benchmarks.bars import Bar
from benchmarks.bodies import instances
from benchmarks.config import LayoutName
from benchmarks.graph import config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.processes import Server
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.observability import everything, sink
from benchmarks.tables import Table, number

_CONNECTIONS = 128
_EVERY_S = 2.0
_AGENT = "ray::DashboardAgent"
_FIRST_FIGURES_S = 60.0
_OURS = "ray_windsock_ready"

Minutes = Annotated[int, Option(min=1, help="How long the load lasts.")]


@dataclass
class Scrapes:
    """Each took so many ms, for so many series, of which so many are ours; the agent held so many
    MB after it."""

    ms: list[float] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    ours: list[int] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)


def scrape(
    *,
    layout: LayoutName = "collapsed",
    minutes: Minutes = 10,
    quick: Quick = False,
    publish: Publish = False,
) -> int:
    """What /metrics of the node takes at full load, with everything on that is measured."""
    minutes = 1 if quick else minutes
    plan = {"layout": layout, "connections": _CONNECTIONS, "minutes": minutes}
    config = config_of(layout)
    with measuring("scrape", plan) as run, sink() as endpoint:
        config["applications"][0]["args"]["observability"] = everything(endpoint)
        with running_graph(config, instances()) as graph:
            run.say(f"Full load for {minutes} minutes, a scrape each {_EVERY_S:g} s")
            with _scraping(graph.server) as found:
                load = closed_loop(graph.url("fast"), graph.bodies, _CONNECTIONS, minutes * 60)
    ordered = sorted(found.ms)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    rows = [
        ["answers/s", number(load.rate)],
        ["scrapes", str(len(ordered))],
        ["median, ms", number(median(ordered))],
        ["p99, ms", number(p99)],
        ["slowest, ms", number(ordered[-1])],
        ["series", number(found.series[-1])],
        ["of these Windsock's, the rest is Ray's", number(found.ours[-1])],
        ["agent at first, MB", number(found.rss_mb[0])],
        ["agent at the end, MB", number(found.rss_mb[-1])],
    ]
    outcome = Outcome(
        "scrape",
        run.about,
        [Table("Scrapes of the node at full load", ("", ""), rows)],
        {"scrapes": asdict(found)},
        [
            Bar("/metrics of the node at full load, p99, ms", 100, p99),
            Bar(f"memory of its agent after {minutes} minutes, MB", 200, found.rss_mb[-1]),
        ],
    )
    return finish(outcome, run.folder, publish=publish)


@contextmanager
def _scraping(server: Server) -> Iterator[Scrapes]:
    """Scrape for the length of a block. Raises what a scrape raised."""
    agent, url = _agent(server)
    found, stop = Scrapes(), threading.Event()

    def run() -> None:
        with httpx.Client(timeout=60) as client:
            while not stop.wait(_EVERY_S):
                started = time.perf_counter()
                answer = client.get(url).raise_for_status()
                found.ms.append((time.perf_counter() - started) * 1e3)
                lines = answer.text.splitlines()
                found.series.append(sum(not line.startswith("#") for line in lines))
                found.ours.append(sum(line.startswith("ray_windsock_") for line in lines))
                found.rss_mb.append(agent.memory_info().rss / 1e6)

    with ThreadPoolExecutor(1, "scrapes") as thread:
        reading = thread.submit(run)
        try:
            yield found
        finally:
            stop.set()
        reading.result()


def _agent(server: Server) -> tuple[psutil.Process, str]:
    """The process of Ray that answers for the node, and where, as soon as it tells of the graph.
    Raises LookupError."""
    deadline = time.monotonic() + _FIRST_FIGURES_S
    while time.monotonic() < deadline:
        for process in server.processes():
            if process.cmdline()[:1] == [_AGENT]:
                for url in _listening(process):
                    with suppress(httpx.HTTPError):
                        if _OURS in httpx.get(url, trust_env=False).text:
                            return process, url
        time.sleep(0.5)
    raise LookupError(f"no agent of Ray told of {_OURS} within {_FIRST_FIGURES_S:g} s")


def _listening(process: psutil.Process) -> Iterator[str]:
    for connection in process.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN:
            yield f"http://127.0.0.1:{connection.laddr.port}/metrics"
