"""Streams through every door of the running graph, and through its rollouts."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import httpx
import psutil
import pytest
import yaml
from websockets.exceptions import InvalidStatus

from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.processes import replicas
from tests.support.serve import deploy
from tests.support.streams import by_hand, stream, streaming
from tests.support.wait import wait_until

_SOCKETS = 500
_KIB_EACH = 64

Row = dict[str, Any]


@pytest.fixture
def rows() -> list[Row]:
    return instances(departures(NOON, hours=24, count=300))


async def test_rows_are_answered_as_requests_are(url: str, rows: list[Row]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        together = (await http.post("/predict/batch", json={"instances": rows})).json()
    async with stream(url, "?values=true", [("x-request-id", "mine")]) as client:
        for number, row in enumerate(rows):
            await client.send(number, row)
        answers = await client.answers(len(rows))
        wrong = await client.ask("wrong", {**rows[0], "carrier": 1})

    got = [answers[number]["outputs"]["late_probability"] for number in range(len(rows))]
    expected = [one["outputs"]["late_probability"] for one in together["predictions"]]
    assert got == pytest.approx(expected, abs=1e-6)
    assert answers[0].keys() == {"id", "outputs", "model", "features"}
    assert answers[0]["features"]["values"]
    assert (wrong["id"], wrong["error"]["field"]) == ("wrong", "carrier")
    assert wrong["error"]["request_id"] == "mine"


async def test_a_client_may_send_far_more_than_the_window(url: str, rows: list[Row]) -> None:
    async with stream(url, max_queue=None) as client:
        for number in range(4000):
            await client.send(number, rows[number % len(rows)])
        answers = [await client.answer() for _ in range(4000)]

    assert {answer["id"] for answer in answers} == set(range(4000))
    refused = [answer["error"] for answer in answers if "error" in answer]
    assert {error["code"] for error in refused} <= {"overloaded"}


async def test_a_handshake_that_is_refused_says_why(url: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with stream(url, headers=[("x-request-timeout-ms", "soon")]):
            pass
    answer = refused.value.response
    assert answer.status_code == 422
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["field"]) == ("invalid_field", "x-request-timeout-ms")
    assert answer.headers.get_all("x-request-id") == [error["request_id"]]

    async with stream(url, headers=[("x-request-id", "mine")]) as client:
        assert client.socket.response is not None
        assert client.socket.response.headers.get_all("x-request-id") == ["mine"]
    assert httpx.get(f"{url}/predict/stream", timeout=30).status_code == 426


async def test_a_batch_is_answered_line_by_line(url: str, rows: list[Row]) -> None:
    body = {"instances": [*rows, {}, *rows]}
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        answer = await client.post(
            "/predict/batch", json=body, headers={"accept": "application/x-ndjson"}
        )

    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (lines[0]["row"], lines[0]["error"]["code"]) == (len(rows), "missing_field")
    assert sorted(line["row"] for line in lines) == list(range(2 * len(rows) + 1))


async def test_an_open_stream_costs_little_memory(graph: Graph) -> None:
    (ingress,) = await asyncio.to_thread(
        wait_until, lambda: replicas(graph.server, "Ingress", 1), "one ingress replica"
    )
    process = psutil.Process(ingress)
    async with AsyncExitStack() as sockets:
        for _ in range(10):  # what the first ones load is not theirs
            await sockets.enter_async_context(by_hand(graph.server.fast_lane))
        before = process.memory_info().rss
        for _ in range(_SOCKETS):
            await sockets.enter_async_context(by_hand(graph.server.fast_lane))
        each = (process.memory_info().rss - before) / 1024 / _SOCKETS
    assert each < _KIB_EACH


def test_a_rollout_closes_streams_in_order_and_loses_no_row(graph: Graph, rows: list[Row]) -> None:
    document = yaml.safe_load(graph.server.config.read_text())
    stream_settings = document["applications"][0]["args"]["stream"]
    stream_settings["idle_s"] += 1  # a change of args replaces every replica
    doors = [graph.server.url, graph.server.fast_lane]
    before = wait_until(lambda: replicas(graph.server, "Ingress", 1), "one ingress replica")
    with streaming(doors * 2, rows, window=8) as tally:  # no load that adds a replica
        deploy(graph.server, document, timeout_s=120)
        wait_until(
            lambda: (now := replicas(graph.server, "Ingress", 1)) and not now & before,
            "another replica in its place",
            timeout_s=120,
        )
        reached = tally.answered
        wait_until(lambda: tally.answered > reached + 500, "answers by the new one")

    assert tally.failures == []
    stopped, old = (
        (1012, f"{why}: reconnect, and send again what was not answered")
        for why in ("this replica is about to stop", "this connection is old")
    )
    assert tally.closed.keys() <= {stopped, old}
    assert tally.closed[stopped] >= 2 * len(doors)
