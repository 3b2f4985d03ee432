"""Which addresses the front is told: of each replica its own."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.config import FastLaneSettings
from app.doors.fast_lane.server import FastLane
from app.doors.fast_lane.whereabouts import WHEREABOUTS
from app.doors.lanes import Lanes, SeveralGraphs, only, shared
from tests.support.serve import free_port


def application(fast_lane: dict[str, Any] | None, *replicas: tuple[str, str]) -> dict[str, Any]:
    """What Ray's dashboard tells of an application whose ingress has these (node, state)."""
    told = [
        {"node_ip": node, "state": state, "pid": 100 + place}
        for place, (node, state) in enumerate(replicas)
    ]
    return {
        "deployed_app_config": {"args": {"fast_lane": fast_lane}},
        "deployments": {"Ingress": {"replicas": told}, "Model": {"replicas": told}},
    }


def test_a_node_has_one_shared_address_however_many_replicas_it_runs() -> None:
    everywhere = {"host": "0.0.0.0", "port": 8001}
    replicas = [("10.0.0.2", "RUNNING"), ("10.0.0.1", "RUNNING"), ("10.0.0.2", "RUNNING")]

    assert shared({"a": application(everywhere, *replicas)}, "a") == {
        ("10.0.0.1", 8001): {101},
        ("10.0.0.2", 8001): {100, 102},
    }


def test_a_replica_that_does_not_run_has_no_address() -> None:
    told = {"a": application({"host": "0.0.0.0", "port": 1}, ("10.0.0.1", "STARTING"))}

    assert shared(told, "a") == {}


def test_a_lane_on_loopback_is_on_this_node() -> None:
    assert shared({"a": application({"port": 8001}, ("10.0.0.1", "RUNNING"))}, "a") == {
        ("127.0.0.1", 8001): {100}
    }


@pytest.mark.parametrize("host", ["::", "[::]", "0.0.0.0", "0::0"])
def test_a_lane_on_all_interfaces_is_asked_at_its_node(host: str) -> None:
    told = {"a": application({"host": host, "port": 8001}, ("fd00::7", "RUNNING"))}

    assert shared(told, "a") == {("fd00::7", 8001): {100}}


def test_a_lane_on_an_ipv6_address_is_asked_there() -> None:
    told = {"a": application({"host": "[fd00::9]", "port": 8001}, ("fd00::7", "RUNNING"))}

    assert shared(told, "a") == {("fd00::9", 8001): {100}}


def test_a_front_is_for_one_graph() -> None:
    lane = application({"host": "0.0.0.0", "port": 8001}, ("10.0.0.1", "RUNNING"))
    other = application({"host": "0.0.0.0", "port": 8002}, ("10.0.0.1", "RUNNING"))
    told = {"a": lane, "b": other, "c": application(None, ("10.0.0.1", "RUNNING"))}

    with pytest.raises(SeveralGraphs, match="a and b have fast lanes: say by --application"):
        only(told)
    assert shared(told, "b") == {("10.0.0.1", 8002): {100}}
    assert only({"a": lane, "c": told["c"]}) == "a"
    assert only({}) is None


def test_an_application_without_a_fast_lane_is_left_alone() -> None:
    told = {"a": application(None, ("10.0.0.1", "RUNNING")), "b": {}}
    assert [shared(told, name) for name in ("a", "b", "c", None)] == [{}] * 4


class Replica:
    """An application that tells where its fast lane is, as process ``pid``."""

    def __init__(self, port: int, pid: int, own: int | None = None) -> None:
        self.lane = FastLane(FastLaneSettings(port=port), self, 2**20)
        self._pid, self._own = pid, own

    @property
    def own(self) -> int:
        return self._own or int(json.loads(self.lane.whereabouts)["port"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"] == WHEREABOUTS
        body = json.dumps({"pid": self._pid, "port": self.own}).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def test_each_replica_of_a_node_is_found_by_what_it_tells() -> None:
    port, lanes = free_port(), Lanes()
    node = ("127.0.0.1", port)
    async with AsyncExitStack() as stack:
        replicas = [Replica(port, pid) for pid in (1, 2)]
        for replica in replicas:
            await replica.lane.open()
            stack.push_async_callback(replica.lane.close, 2)
        found: dict[Any, int] = {}
        async with asyncio.timeout(20):
            while len(found) < 2:
                found = dict(await asyncio.to_thread(lanes.servers, {node: {1, 2}}))

        assert found == {("127.0.0.1", one.own): 1 for one in replicas}
        assert len({*found, node}) == 3
        assert lanes.servers({node: {2}}) == {("127.0.0.1", replicas[1].own): 1}
        assert lanes.servers({}) == {}


async def test_where_its_own_port_cannot_be_reached_the_shared_one_is_asked() -> None:
    replica = Replica(free_port(), 1, own=free_port())
    await replica.lane.open()
    try:
        node = ("127.0.0.1", replica.lane.port)
        assert await asyncio.to_thread(Lanes().servers, {node: {1}}) == {node: 1}
    finally:
        await replica.lane.close(2)
