"""The shipped graph with everything on that looks at it, asked by all protocols, and read by a
Prometheus that `windsock monitor` runs: one in each layout, for all tests."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from benchmarks.config import set_all
from tests.integration.guarded.conftest import Guarded
from tests.support.cluster import Clusters
from tests.support.collector import Collector, collecting
from tests.support.flights import NOON, departures, instances
from tests.support.monitor import Monitored, monitored
from tests.support.oip import encoded, grpc_stub
from tests.support.processes import session
from tests.support.serve import read_config, root
from tests.support.streams import stream
from tests.support.wait import wait_until

MODEL = "flight_delay"
LEAST_ROWS = 100
"""Of a window of drift that may give an alarm."""


@dataclass(frozen=True)
class Observed:
    """A graph, where its spans go, and the monitor that reads it."""

    graph: Guarded
    collector: Collector
    monitor: Monitored
    layout: str


@pytest.fixture(
    scope="package",
    params=["distributed", pytest.param("collapsed", marks=pytest.mark.long)],
)
def observed(
    request: pytest.FixtureRequest, clusters: Clusters, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("monitored")
    document = read_config(request.param, guarded=True)
    root(document, folder)
    set_all(document, "max_replicas", 1)
    with collecting() as collector:
        _observe(document["applications"][0]["args"]["observability"], collector)
        with clusters("haproxy").serving(document, folder) as server:
            made = Guarded(server.url, server.fast_lane, server.grpc, "", folder, server)
            key = Path(made.keys("local")).read_text().strip()
            graph = Guarded(server.url, server.fast_lane, server.grpc, key, folder, server)
            rays = session(server).parent.parent
            with monitored(folder / "serve_config.yaml", rays=rays) as monitor:
                yield Observed(graph, collector, monitor, request.param)


def _observe(settings: dict[str, Any], collector: Collector) -> None:
    """All of it, and soon."""
    settings["feedback"]["every_s"] = 1
    settings["drift"] |= {"least_rows": LEAST_ROWS, "rows": 500, "every_s": 1}
    settings["skew"] |= {"every_s": 2, "rows_per_minute": 600}
    settings["traces"] = {
        "endpoint": f"http://127.0.0.1:{collector.port}/v1/traces",
        "ratio": 1.0,
    }
    settings["request_log"] = {"directory": ".windsock/requests", "ratio": 1.0}


def ask(graph: Guarded) -> None:
    """A prediction by each protocol at each door, one that is wrong, and what came of some."""
    rows = instances(departures(NOON, hours=6, count=40))
    for url in (graph.url, graph.fast_lane):
        with httpx.Client(base_url=url, headers=graph.headers, timeout=30) as client:
            wait_until(partial(_known, client), "the local key", 30)
            client.post("/predict", json=rows[0]).raise_for_status()
            told = client.post("/predict/batch", json={"instances": rows}).raise_for_status()
            outcomes = [
                {
                    "request_id": told.json()["request_id"],
                    "row": row,
                    "outcome": row % 3 == 0,
                    "fields": {"rebooking_cost": 100.0},
                }
                for row in range(len(rows))
            ]
            client.post("/feedback", json={"outcomes": outcomes}).raise_for_status()
            body = {"inputs": _tensors(rows)}
            client.post(f"/v2/models/{MODEL}/infer", json=body).raise_for_status()
            assert client.post("/predict", json={}).status_code == 422
    asyncio.run(_stream(graph, rows[:3]))
    with grpc.insecure_channel(graph.grpc) as channel:
        grpc_stub(channel).ModelInfer(_message(rows), metadata=graph.metadata, timeout=30)


def _known(client: httpx.Client) -> bool:
    return client.get("/models").is_success


def _tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All fields of a flight are text."""
    return [
        {"name": name, "datatype": "BYTES", "shape": [len(rows)], "data": [r[name] for r in rows]}
        for name in rows[0]
    ]


def _message(rows: list[dict[str, Any]]) -> Any:
    request = pb.ModelInferRequest(model_name=MODEL)
    for one in _tensors(rows):
        request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        request.raw_input_contents.append(encoded(one["datatype"], one["data"]))
    return request


async def _stream(graph: Guarded, rows: list[dict[str, Any]]) -> None:
    headers = list(graph.headers.items())
    async with stream(graph.fast_lane, "", headers) as client:
        for place, row in enumerate(rows):
            await client.ask(place, row)
