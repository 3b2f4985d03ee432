"""Ray's HAProxy as its manager runs it: its own process dies, hangs, and outlives its manager."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from app.ray_private.haproxy_watch import WatchedHAProxy
from tests.support.haproxy import application, config, managed, running
from tests.support.replicas import Busy, lane_of
from tests.support.serve import free_port

pytestmark = pytest.mark.usefixtures("unmended")


async def answered(client: httpx.AsyncClient, status: int = 200) -> float:
    """How long it takes until a prediction has this status."""
    began = time.monotonic()
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.post("/predict")).status_code == status:
                    return time.monotonic() - began
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)


def process(haproxy: WatchedHAProxy) -> psutil.Process:
    return psutil.Process(haproxy._proc.pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_one_that_dies_or_hangs_is_back_within_two_seconds(
    folder: Path, how: signal.Signals
) -> None:
    of, replica = config(folder), Busy()
    replica.turn.set()
    async with (
        lane_of(replica, "127.0.0.1", (lane := free_port())),
        running(of, application("mine", {"one": lane})) as haproxy,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.frontend_port}", timeout=1) as client,
    ):
        await answered(client)
        first = process(haproxy)
        os.kill(first.pid, how)
        took = await answered(client)

        assert took < 2.5
        assert await haproxy.is_running()
        assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE


async def test_one_that_a_manager_left_serves_on_until_routes_are_known(folder: Path) -> None:
    of, replica = config(folder), Busy()
    replica.turn.set()
    async with lane_of(replica, "127.0.0.1", (lane := free_port())):
        mine = application("mine", {"one": lane})
        gone = managed(of, [mine])
        await gone.start()
        gone._stopped = True  # as with a manager that is killed, nobody watches it
        left = process(gone)
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.frontend_port}") as client,
            running(of) as haproxy,
        ):
            assert process(haproxy) == left
            await haproxy.reload()  # of what serves in place of replicas, say
            assert (await client.post("/predict")).status_code == 200

            haproxy.set_backend_configs(mine)
            await haproxy.reload()
            assert process(haproxy) != left
            assert (await client.post("/predict")).status_code == 200
            await asyncio.to_thread(left.wait, 10)


async def test_one_that_a_manager_left_and_that_hangs_gives_its_ports_back(folder: Path) -> None:
    of, replica = config(folder), Busy()
    replica.turn.set()
    async with lane_of(replica, "127.0.0.1", (lane := free_port())):
        mine = application("mine", {"one": lane})
        gone = managed(of, [mine])
        await gone.start()
        gone._stopped = True
        os.kill(process(gone).pid, signal.SIGSTOP)
        async with (
            running(of, mine),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{of.frontend_port}") as client,
        ):
            assert await answered(client) < 5


async def test_a_manager_whose_haproxy_does_not_come_back_says_so(folder: Path) -> None:
    of = config(folder)
    async with running(of) as haproxy:
        Path(haproxy.config_file_path).write_text("nonsense\n")
        process(haproxy).kill()
        async with asyncio.timeout(20):
            while await haproxy.is_running():
                await asyncio.sleep(0.05)
        haproxy._generate_config_file_internal()
        async with asyncio.timeout(20):
            while not await haproxy.is_running():
                await asyncio.sleep(0.05)
