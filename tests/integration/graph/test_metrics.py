"""What Prometheus scrapes off the node, after requests through every door."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import grpc
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from deployments.metrics.catalogue import METRICS, features, machine, stages
from deployments.metrics.catalogue.graph import IN_SERVICE, PROBLEMS, READY, SWAPS
from deployments.metrics.catalogue.requests import DURATION, REQUESTS, ROW_ERRORS, ROWS
from deployments.metrics.metric import Kind, Metric
from tests.integration.graph.conftest import Graph
from tests.integration.graph.test_oip import message
from tests.support.flights import NOON, departures, instances
from tests.support.oip import grpc_stub
from tests.support.processes import session
from tests.support.wait import wait_until

_DISCOVERY = "prom_metrics_service_discovery.json"
_OWN = {label.name for metric in METRICS.values() for label in metric.labels} | {"le"}
_TIMES = 3


class Scrape:
    """All series of ours on a node, added up over its replicas."""

    def __init__(self, of: Graph) -> None:
        self.values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for group in json.loads((session(of.server).parent / _DISCOVERY).read_text()):
            for target in group["targets"]:
                self._add(httpx.get(f"http://{target}/metrics", timeout=10).text)

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the series with these labels; 0 where there is none."""
        wanted = {*labels.items()}
        return sum(
            value for (of, its), value in self.values.items() if of == name and wanted <= its
        )

    def names(self) -> set[str]:
        return {name for name, _ in self.values}

    def _add(self, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name.startswith("ray_windsock_"):
                    labels = frozenset(one for one in sample.labels.items() if one[0] in _OWN)
                    key = sample.name, labels
                    self.values[key] = self.values.get(key, 0.0) + sample.value


def told(metric: Metric) -> set[str]:
    """The names by which it is scraped."""
    if metric.kind is Kind.HISTOGRAM:
        return {f"{metric.exported}_{part}_total" for part in ("bucket", "sum", "count")}
    return {metric.exported}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return instances(departures(NOON, hours=2, count=4))


def post(path: str, url: str, body: Any) -> None:
    httpx.post(f"{url}{path}", json=body, timeout=30)


def stream(url: str, rows: list[dict[str, Any]]) -> None:
    with connect(f"{url.replace('http', 'ws')}/predict/stream") as socket:
        for place, row in enumerate(rows):
            socket.send(json.dumps({"id": place, "instance": row}))
        for _ in rows:
            socket.recv(timeout=30)


def infer(graph: Graph, rows: list[dict[str, Any]]) -> None:
    with grpc.insecure_channel(graph.server.grpc) as channel:
        texts = [{name: str(value) for name, value in row.items()} for row in rows]
        grpc_stub(channel).ModelInfer(message(texts), timeout=30)


def test_each_request_is_counted_once_whatever_its_door(
    graph: Graph, rows: list[dict[str, Any]]
) -> None:
    lane, ray = graph.server.fast_lane, graph.server.url
    wrong = rows[0] | {"colour": "red"}
    tensors = {
        "inputs": [
            {
                "name": name,
                "datatype": "BYTES",
                "shape": [len(rows)],
                "data": [str(row[name]) for row in rows],
            }
            for name in rows[0]
        ]
    }
    oip = "/v2/models/flight_delay/infer"
    asked: list[tuple[Callable[[], None], str, str, str, int]] = []
    for door, url in (("fast_lane", lane), ("ray_http", ray)):
        asked += [
            (partial(post, "/predict", url, rows[0]), "rest", door, "ok", 1),
            (partial(post, "/predict", url, wrong), "rest", door, "unknown_field", 0),
            (partial(post, "/nowhere", url, {}), "rest", door, "not_found", 0),
            (partial(post, oip, url, tensors), "oip_http", door, "ok", len(rows)),
            (partial(stream, url, rows), "stream", door, "ok", len(rows)),
        ]
    asked.append((partial(infer, graph, rows), "oip_grpc", "ray_grpc", "ok", len(rows)))
    bad_batch = partial(post, "/predict/batch", lane, {"instances": [rows[0], wrong]})
    before = settled(graph)

    for _ in range(_TIMES):
        for ask, *_ in asked:
            ask()
    bad_batch()

    wanted: dict[tuple[str, str, str], int] = {}
    for _, protocol, door, code, _ in asked:
        key = protocol, door, code
        wanted[key] = wanted.get(key, 0) + _TIMES
    wanted["rest", "fast_lane", "ok"] += 1

    def counted() -> dict[tuple[str, str, str], float]:
        now = Scrape(graph)
        found = {}
        for protocol, door, code in wanted:
            labels = {"protocol": protocol, "door": door, "code": code}
            name = REQUESTS.exported
            found[protocol, door, code] = now(name, **labels) - before(name, **labels)
        return found

    with suppress(TimeoutError):  # then what is there says more
        wait_until(lambda: counted() == wanted, "all requests in the scrape", timeout_s=30)
    assert counted() == wanted
    now = settled(graph)
    total = now(REQUESTS.exported) - before(REQUESTS.exported)
    health = {"protocol": "health"}
    probes = now(REQUESTS.exported, **health) - before(REQUESTS.exported, **health)
    assert total - probes == sum(wanted.values())
    rows_asked = sum(one[-1] for one in asked) * _TIMES + 1
    assert now(ROWS.exported) - before(ROWS.exported) == rows_asked
    version = {"model": "flight_delay", "protocol": "rest"}
    errors = now(ROW_ERRORS.exported, **version) - before(ROW_ERRORS.exported, **version)
    assert errors == 1


def settled(graph: Graph) -> Scrape:
    """One in which all is that was asked before: replicas have handed on and told the agent since,
    as a probe of just now shows."""
    last = Scrape(graph)

    def newer() -> Scrape | None:
        now = Scrape(graph)
        probes = (one(REQUESTS.exported, protocol="health") for one in (last, now))
        before, after = probes
        return now if after > before else None

    for _ in range(2):  # what is in the first may be of a moment before
        httpx.get(f"{graph.server.fast_lane}/health/live", timeout=30)
        last = wait_until(newer, "another scrape", timeout_s=30)
    return last


def test_each_stage_and_machine_tells(graph: Graph, rows: list[dict[str, Any]]) -> None:
    post("/predict", graph.server.fast_lane, rows[0])
    wanted = {
        *(DURATION, stages.QUEUE, stages.BATCH_ROWS, stages.STAGE_SECONDS, stages.QUEUED_ROWS),
        *(features.ROWS, features.AGE, features.CACHE_ROWS, features.STORE_READ, features.BREAKER),
        *(READY, SWAPS, IN_SERVICE, PROBLEMS),
        *(machine.CPU, machine.MEMORY, machine.LOOP_LAG),
    }
    names = {name for metric in wanted for name in told(metric)}
    wait_until(lambda: names <= Scrape(graph).names(), "all series", timeout_s=30)
    scrape = Scrape(graph)
    for stage in ("lookup", "preprocess", "model", "transport"):
        assert scrape(f"{stages.STAGE_SECONDS.exported}_count_total", stage=stage) > 0
    count = scrape(f"{DURATION.exported}_count_total", protocol="rest")
    assert scrape(f"{DURATION.exported}_bucket_total", protocol="rest", le="+Inf") == count > 0
    assert scrape(READY.exported, model="flight_delay") == 1


def test_what_has_not_happened_is_there_as_nothing(graph: Graph) -> None:
    def there() -> bool:
        scrape = Scrape(graph)
        return any(
            name == SWAPS.exported and ("outcome", "refused") in labels
            for name, labels in scrape.values
        )

    wait_until(there, "a counter of 0", timeout_s=30)
