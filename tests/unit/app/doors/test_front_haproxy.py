"""The front keeps its HAProxy: one that dies, one that hangs, one that does so again and again."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from app.doors.front_haproxy import Ended, FrontHAProxy
from app.doors.haproxy_watch import answers, ask
from tests.support.doors import running, told
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port
from tests.support.wait import wait_for


async def back(client: httpx.AsyncClient) -> tuple[float, list[httpx.Response]]:
    """How long until a replica answers a prediction, and what was answered until then."""
    began, before = time.monotonic(), list[httpx.Response]()
    async with asyncio.timeout(20):
        while True:
            try:
                answer = await client.post("/predict")
            except httpx.TransportError:
                await asyncio.sleep(0.01)
                continue
            if answer.is_success:
                return time.monotonic() - began, before
            before.append(answer)


async def up(folder: Path) -> None:
    async with asyncio.timeout(20):
        while not await answers(str(folder / "control.sock")):
            await asyncio.sleep(0.02)


async def limits(folder: Path) -> dict[str, str]:
    """Those of the servers that are up, by where they are."""
    head, *lines = (await ask(str(folder / "control.sock"), "show stat")).decode().splitlines()
    rows = [
        dict(zip(head.split(","), line.split(","), strict=True)) for line in lines if line.strip()
    ]
    return {
        f"{row['# pxname']} {row['addr']}": row["slim"]
        for row in rows
        if row["svname"].startswith("replica") and row["status"].startswith("UP")
    }


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (signal.SIGKILL, "has ended by SIGKILL"),
        (signal.SIGSTOP, "does not answer: it is killed"),
    ],
)
async def test_one_that_dies_or_hangs_is_back_within_two_seconds_with_its_servers(
    tmp_path: Path, how: signal.Signals, why: str
) -> None:
    port, lanes, replica, lines = free_port(), [free_port(), free_port()], Busy(), list[str]()
    replica.turn.set()
    haproxy = FrontHAProxy(f"127.0.0.1:{port}", tmp_path, concurrency=3, say=lines.append)
    async with (
        lane_of(replica, "127.0.0.1", lanes[0]),
        lane_of(replica, "127.0.0.1", lanes[1]),
        running(haproxy),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=0.2) as client,
    ):
        await told(haproxy, *(("127.0.0.1", lane) for lane in lanes))
        await haproxy.follow({("127.0.0.1", lanes[0]): 1, ("127.0.0.1", lanes[1]): 2})
        await back(client)
        before = await limits(tmp_path)
        assert haproxy.process
        first = psutil.Process(haproxy.process.pid)
        os.kill(first.pid, how)
        took, meanwhile = await back(client)
        await wait_for(lambda: len(lines) == 2)

        assert took < 2.5
        assert {answer.json()["error"]["code"] for answer in meanwhile} <= {"unavailable"}
        assert await limits(tmp_path) == before
        assert before[f"requests 127.0.0.1:{lanes[1]}"] == "6"
        assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE
        assert lines == [
            f"HAProxy (process {first.pid}) {why}",
            f"HAProxy (process {haproxy.process.pid}) answers, with 2 servers",
        ]


async def test_one_that_is_back_without_servers_says_so(tmp_path: Path) -> None:
    port, lines = free_port(), list[str]()
    haproxy = FrontHAProxy(f"127.0.0.1:{port}", tmp_path, say=lines.append)
    async with (
        running(haproxy),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await up(tmp_path)
        haproxy.kill()
        await wait_for(lambda: len(lines) == 2)
        for path in ("/predict", "/health/ready"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "unavailable"


async def test_one_that_ends_again_and_again_is_given_up(tmp_path: Path) -> None:
    lines: list[str] = []
    haproxy = FrontHAProxy(f"127.0.0.1:{free_port()}", tmp_path, say=lines.append)
    kept = asyncio.create_task(haproxy.run())
    await up(tmp_path)
    for death in range(1, 6):
        haproxy.kill()
        await wait_for(lambda many=death: len(lines) == 2 * many)  # type: ignore[misc]
    assert not kept.done()
    haproxy.kill()

    with pytest.raises(Ended, match=r"^HAProxy has ended 6 times within \d+ s: "):
        await kept


async def test_one_that_does_not_start_is_given_up_at_once(tmp_path: Path) -> None:
    with pytest.raises(Ended, match=r"^HAProxy has not started: see what it printed above$"):
        await FrontHAProxy("127.0.0.1:nonsense", tmp_path).run()
