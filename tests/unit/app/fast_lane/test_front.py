"""The front before real fast lanes, on two addresses of this machine."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.fast_lane.front import Front, servers
from app.fast_lane.server import FastLane
from app.fast_lane.settings import FastLaneSettings
from tests.support.http1 import Connection
from tests.support.serve import free_port


def application(fast_lane: dict[str, Any] | None, *replicas: tuple[str, str]) -> dict[str, Any]:
    """What Ray's dashboard tells of an application whose ingress has these (node, state)."""
    told = [{"node_ip": node, "state": state} for node, state in replicas]
    return {
        "deployed_app_config": {"args": {"fast_lane": fast_lane}},
        "deployments": {"Ingress": {"replicas": told}, "Model": {"replicas": told}},
    }


def test_a_node_counts_once_however_many_replicas_it_runs() -> None:
    everywhere = {"host": "0.0.0.0", "port": 8001}
    replicas = [("10.0.0.2", "RUNNING"), ("10.0.0.1", "RUNNING"), ("10.0.0.2", "RUNNING")]

    assert servers({"a": application(everywhere, *replicas)}) == [
        ("10.0.0.1", 8001),
        ("10.0.0.2", 8001),
    ]


def test_a_replica_that_does_not_run_has_no_address() -> None:
    told = {"a": application({"host": "0.0.0.0", "port": 1}, ("10.0.0.1", "STARTING"))}

    assert servers(told) == []


def test_a_lane_on_loopback_is_on_this_node() -> None:
    assert servers({"a": application({"port": 8001}, ("10.0.0.1", "RUNNING"))}) == [
        ("127.0.0.1", 8001)
    ]


def test_an_application_without_a_fast_lane_is_left_alone() -> None:
    assert servers({"a": application(None, ("10.0.0.1", "RUNNING")), "b": {}}) == []


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[Front, int]]:
    port = free_port()
    front = Front(f"127.0.0.1:{port}", tmp_path)
    yield front, port
    front.stop()


@asynccontextmanager
async def named(host: str, port: int) -> AsyncIterator[FastLane]:
    """A fast lane that answers everything with its own address."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"request_id": "r"}
        headers = [(b"content-length", str(len(host)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": host.encode()})

    fast_lane = FastLane(FastLaneSettings(host=host, port=port), app, 2**20)
    await fast_lane.open()
    try:
        yield fast_lane
    finally:
        await fast_lane.close(within_s=2)


async def told(front: Front, *addresses: tuple[str, int]) -> None:
    """Once HAProxy is up to be told."""
    async with asyncio.timeout(20):
        while True:
            try:
                front.follow(addresses)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


async def asked(port: int) -> str:
    """Who answers, empty while nobody does."""
    try:
        async with Connection.to(port) as connection:
            answer = await connection.post("/", b"")
    except (OSError, EOFError):
        return ""
    return answer.body.decode() if answer.status == 200 else ""


async def test_it_spreads_requests_and_loses_none_when_a_node_goes(
    front: tuple[Front, int],
) -> None:
    process, port = front
    lane = free_port()
    async with named("127.0.0.1", lane), named("127.0.0.2", lane) as second:
        await told(process, ("127.0.0.1", lane), ("127.0.0.2", lane))
        seen: set[str] = set()
        async with asyncio.timeout(20):
            while not seen >= {"127.0.0.1", "127.0.0.2"}:
                seen.add(await asked(port))

        closing = asyncio.create_task(second.close(within_s=2))
        answers = [await asked(port) for _ in range(300)]
        await closing
        answers += [await asked(port) for _ in range(50)]
        assert "" not in answers
        assert set(answers[-50:]) == {"127.0.0.1"}


async def test_it_learns_of_a_node_that_comes(front: tuple[Front, int]) -> None:
    process, port = front
    lane = free_port()
    async with named("127.0.0.1", lane), named("127.0.0.2", lane):
        await told(process, ("127.0.0.1", lane))
        async with asyncio.timeout(20):
            while await asked(port) != "127.0.0.1":
                pass
        process.follow([("127.0.0.1", lane), ("127.0.0.2", lane)])
        process.follow([])  # a dashboard that does not answer takes nothing away
        answers: list[str] = []
        async with asyncio.timeout(20):
            while "127.0.0.2" not in answers:
                answers.append(await asked(port))
        assert "" not in answers
        process.follow([("127.0.0.2", lane)])
        answers = [await asked(port) for _ in range(20)]
        assert set(answers) == {"127.0.0.2"}
