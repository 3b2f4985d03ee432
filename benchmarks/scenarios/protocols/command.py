"""The command that measures protocols, through the fast lane of the collapsed graph."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import httpx

from benchmarks.bars import Bar
from benchmarks.bodies import instances
from benchmarks.contender import FAST_PORT, Row
from benchmarks.graph import Graph, config_of, running_graph
from benchmarks.load.closed import closed_loop
from benchmarks.load.result import LoadResult
from benchmarks.runner import Outcome, Publish, Quick, Rounds, Seconds, finish, measuring
from benchmarks.samples import Sample, doors, ratios, row_cpu_us, rows_per_s, sampled, spread
from benchmarks.scenarios.protocols.exchange import exchange
from benchmarks.scenarios.protocols.forms import BATCH, FORMS
from benchmarks.scenarios.protocols.sockets import RowSocket, idle
from benchmarks.tables import Table, number, shown

ROWS = 100
CONNECTIONS = 128
_SOCKETS = 500
_FIRST_SOCKETS = 5
TOGETHER, ONE_BY_ONE = f"{ROWS} rows a request", "one by one"


def protocols(
    *,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """What each protocol costs: processor time a row, rows over one WebSocket, open sockets."""
    rounds, seconds = rounds or (1 if quick else 5), seconds or (1 if quick else 4)
    plan = {
        "layout": "collapsed, warm row cache, fast lane",
        "rows a request": ROWS,
        "connections that ask one row a request": CONNECTIONS,
        "open sockets": _SOCKETS,
        "rounds": rounds,
        "seconds": seconds,
    }
    rows = instances()
    costs: list[Sample] = []
    rates: list[Sample] = []
    with measuring("protocols", plan) as run, running_graph(config_of("collapsed"), rows) as graph:
        metadata = _metadata(graph)
        for turn in range(1, rounds + 1):
            run.say(f"Round {turn} of {rounds}")
            costs += _costs(graph, metadata, rows, turn, seconds)
            rates += _rates(graph, rows, turn, seconds)
        run.say("Opening sockets")
        socket_kib = _socket_kib(graph, rows[0])
    outcome = Outcome(
        "protocols",
        run.about,
        tables(costs, rates, socket_kib),
        {"samples": [asdict(one) for one in (*costs, *rates)], "socket_kib": socket_kib},
        bars(costs, rates, socket_kib),
    )
    return finish(outcome, run.folder, publish=publish)


def _metadata(graph: Graph) -> dict[str, Any]:
    with httpx.Client(base_url=graph.url("fast", ""), timeout=30.0, trust_env=False) as client:
        models = client.get("/models").raise_for_status().json()["models"]
        found = client.get(f"/v2/models/{models[0]['name']}").raise_for_status().json()
    return dict(found)


def _costs(
    graph: Graph, metadata: Row, rows: Sequence[Row], turn: int, seconds: int
) -> list[Sample]:
    starts = range(0, len(rows) - ROWS + 1, ROWS)
    found = []
    for name, form in FORMS.items():
        requests = [form(rows[start : start + ROWS], metadata) for start in starts]
        exchange(FAST_PORT, requests, 1)
        load = partial(exchange, FAST_PORT, requests, seconds)
        at = {"door": name, "level": TOGETHER}
        found.append(sampled(load, graph.server, **at, turn=turn, rows=ROWS))
    return found


def _rates(graph: Graph, rows: Sequence[Row], turn: int, seconds: int) -> list[Sample]:
    closed = partial(closed_loop, graph.url("fast"), graph.bodies, CONNECTIONS)
    streamed = partial(_streamed, rows)
    ways = {f"HTTP, {CONNECTIONS} connections": closed, "WebSocket, one": streamed}
    found = []
    for name, load in ways.items():
        load(1)
        timed = partial(load, seconds)
        found.append(sampled(timed, graph.server, door=name, level=ONE_BY_ONE, turn=turn))
    return found


def _streamed(rows: Sequence[Row], seconds: int) -> LoadResult:
    with RowSocket(FAST_PORT) as socket:
        return LoadResult(seconds, socket.run(rows, seconds))


def _socket_kib(graph: Graph, row: Row) -> float:
    """What each of many open sockets takes of the server's resident memory."""
    with idle(FAST_PORT, _FIRST_SOCKETS, row):
        pass  # what the first of all bring along; more would leave memory for those that count
    before = graph.server.memory().rss_mb
    with idle(FAST_PORT, _SOCKETS, row):
        during = graph.server.memory().rss_mb
    return (during - before) * 1e6 / 1024 / _SOCKETS


def tables(costs: Sequence[Sample], rates: Sequence[Sample], socket_kib: float) -> list[Table]:
    """Medians (ranges), and ratios within each round to the first of its kind."""
    cost_ratios, rate_ratios = ratios(costs, row_cpu_us), ratios(rates, rows_per_s)
    forms = [
        [form, shown(spread(costs, form, TOGETHER, row_cpu_us)), number(cost_ratios[form])]
        for form in doors(costs)
    ]
    ways = [
        [
            way,
            shown(spread(rates, way, ONE_BY_ONE, rows_per_s)),
            shown(spread(rates, way, ONE_BY_ONE, row_cpu_us)),
            number(rate_ratios[way]),
        ]
        for way in doors(rates)
    ]
    return [
        Table("Processor time per row", [TOGETHER, "us", f"x {BATCH}"], forms),
        Table("Rows one by one", ["", "rows/s", "server us per row", "x HTTP"], ways),
        Table("Memory", ["", "KiB"], [["an open WebSocket", number(socket_kib)]]),
    ]


def bars(costs: Sequence[Sample], rates: Sequence[Sample], socket_kib: float) -> list[Bar]:
    """What the protocols are held to."""
    *_, (way, times) = ratios(rates, rows_per_s).items()
    return [
        *(
            Bar(f"{form}: processor time per row, times {BATCH}", 1.25, ratio)
            for form, ratio in ratios(costs, row_cpu_us).items()
            if form.startswith("Open Inference")
        ),
        Bar(f"{way}: rows/s, times HTTP at c=128", 1.0, times, at_least=True),
        Bar("an open WebSocket, KiB", 64.0, socket_kib),
    ]
