"""Measures what each protocol costs, through the fast lane of the collapsed graph: processor time a
row, rows a second over one WebSocket, and the memory of open sockets.

make bench-protocols, or: python -m benchmarks.protocols
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import httpx

from benchmarks import windsock
from benchmarks.bodies import instances
from benchmarks.command import Outcome, about, console, finish, new_folder
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.dashboard import DashboardError
from benchmarks.graph import Graph, serving
from benchmarks.load.closed import closed_loop
from benchmarks.load.result import LoadError
from benchmarks.processes import StartError, spent
from benchmarks.protocols.exchange import exchange
from benchmarks.protocols.forms import FORMS
from benchmarks.protocols.report import Cost, Rate, bars, tables
from benchmarks.protocols.streams import Stream, idle

_ROWS = 100
_CONNECTIONS = 128
_SOCKETS = 500
_FIRST_SOCKETS = 5


def main() -> int:
    """0 where the bars were reached."""
    arguments = _arguments()
    rounds, seconds = arguments.rounds, arguments.seconds
    try:
        rows = instances()
        described = about(
            {
                "layout": "collapsed, warm row cache, fast lane",
                "rows a request": _ROWS,
                "connections that ask one row a request": _CONNECTIONS,
                "open sockets": _SOCKETS,
                "rounds": rounds,
                "seconds": seconds,
            }
        )
        folder = new_folder("protocols")
        document = windsock.config("collapsed", PORT, FAST_PORT)
        costs: list[Cost] = []
        rates: list[Rate] = []
        with console.status("Starting the graph") as status, serving(document, rows) as graph:
            metadata = _metadata(graph)
            for number in range(1, rounds + 1):
                status.update(f"Round {number} of {rounds}")
                costs += _costs(graph, metadata, rows, number, seconds)
                rates += _rates(graph, rows, number, seconds)
            status.update("Opening sockets")
            socket_kib = _socket_kib(graph, rows[0])
    except (StartError, LoadError, DashboardError, httpx.HTTPError) as error:
        console.print(f"[bold red]Not measured:[/] {error}")
        return 1
    outcome = Outcome(
        "protocols",
        described,
        tables(costs, rates, socket_kib),
        {
            "costs": [asdict(cost) for cost in costs],
            "rates": [asdict(rate) for rate in rates],
            "socket_kib": socket_kib,
        },
        bars(costs, rates, socket_kib),
    )
    return finish(outcome, folder, publish=arguments.publish)


def _metadata(graph: Graph) -> dict[str, Any]:
    models = httpx.get(graph.url("fast", "/models"), timeout=30.0).raise_for_status().json()
    name = models["models"][0]["name"]
    address = graph.url("fast", f"/v2/models/{name}")
    found: dict[str, Any] = httpx.get(address, timeout=30.0).raise_for_status().json()
    return found


def _costs(
    graph: Graph,
    metadata: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    number: int,
    seconds: int,
) -> list[Cost]:
    starts = range(0, len(rows) - _ROWS + 1, _ROWS)
    found = []
    for name, form in FORMS.items():
        requests = [form(rows[start : start + _ROWS], metadata) for start in starts]
        exchange(FAST_PORT, requests, 1)
        before = graph.server.cpu()
        answered = exchange(FAST_PORT, requests, seconds)
        cpu_s = spent(before, graph.server.cpu())
        found.append(Cost(name, number, cpu_s / (answered * _ROWS) * 1e6))
    return found


def _rates(graph: Graph, rows: Sequence[dict[str, Any]], number: int, seconds: int) -> list[Rate]:
    url = graph.url("fast", "/predict")
    closed_loop(url, graph.bodies, _CONNECTIONS, 1)
    before = graph.server.cpu()
    load = closed_loop(url, graph.bodies, _CONNECTIONS, seconds)
    between = graph.server.cpu()
    http = Rate(
        f"HTTP, {_CONNECTIONS} connections",
        number,
        load.rate,
        spent(before, between) / load.good * 1e6,
    )
    with Stream(FAST_PORT) as stream:
        stream.run(rows, 1)
    with Stream(FAST_PORT) as stream:
        before = graph.server.cpu()
        answered = stream.run(rows, seconds)
        cpu_s = spent(before, graph.server.cpu())
    return [http, Rate("WebSocket, one", number, answered / seconds, cpu_s / answered * 1e6)]


def _socket_kib(graph: Graph, row: dict[str, Any]) -> float:
    """What each of many open sockets takes of the server's resident memory."""
    with idle(FAST_PORT, _FIRST_SOCKETS, row):
        pass  # what the first of all bring along; more would leave memory for those that count
    before = graph.server.memory().rss_mb
    with idle(FAST_PORT, _SOCKETS, row):
        during = graph.server.memory().rss_mb
    return (during - before) * 1e6 / 1024 / _SOCKETS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.protocols", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--seconds", type=int, default=4, help="how long each load lasts")
    parser.add_argument("--publish", action="store_true", help="also write docs/performance/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
