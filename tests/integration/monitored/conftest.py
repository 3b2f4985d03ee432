"""The shipped graph, asked by all protocols, and read by a Prometheus that `windsock monitor` runs:
one for all tests."""

import asyncio
from collections.abc import Iterator
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
from tests.support.flights import NOON, departures, instances
from tests.support.monitor import Monitored, monitored
from tests.support.oip import grpc_stub, tensors
from tests.support.processes import session
from tests.support.serve import read_config, root
from tests.support.streams import stream
from tests.support.wait import wait_until

MODEL = "flight_delay"


@pytest.fixture(scope="package")
def graph(clusters: Clusters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("monitored")
    document = read_config("distributed", guarded=True)
    root(document, folder)
    set_all(document, "max_replicas", 1)
    with clusters("haproxy").serving(document, folder) as server:
        made = Guarded(server.url, server.fast_lane, server.grpc, "", folder, server)
        key = Path(made.keys("local")).read_text().strip()
        yield Guarded(server.url, server.fast_lane, server.grpc, key, folder, server)


@pytest.fixture(scope="package")
def monitor(graph: Guarded) -> Iterator[Monitored]:
    rays = session(graph.server).parent.parent
    with monitored(graph.folder / "serve_config.yaml", rays=rays) as running:
        yield running


def ask(graph: Guarded) -> None:
    """A prediction by each protocol at each door, and one that is wrong."""
    rows = instances(departures(NOON, hours=6, count=3))
    for url in (graph.url, graph.fast_lane):
        with httpx.Client(base_url=url, headers=graph.headers, timeout=30) as client:
            wait_until(partial(_known, client), "the local key", 30)
            client.post("/predict", json=rows[0]).raise_for_status()
            client.post("/predict/batch", json={"instances": rows}).raise_for_status()
            body = {"inputs": tensors(rows)}
            client.post(f"/v2/models/{MODEL}/infer", json=body).raise_for_status()
            assert client.post("/predict", json={}).status_code == 422
    asyncio.run(_stream(graph, rows))
    with grpc.insecure_channel(graph.grpc) as channel:
        request = pb.ModelReadyRequest(name=MODEL)
        grpc_stub(channel).ModelReady(request, metadata=graph.metadata, timeout=30)


def _known(client: httpx.Client) -> bool:
    return client.get("/models").is_success


async def _stream(graph: Guarded, rows: list[dict[str, Any]]) -> None:
    headers = list(graph.headers.items())
    async with stream(graph.fast_lane, "", headers) as client:
        for place, row in enumerate(rows):
            await client.ask(place, row)
