"""What `windsock front --metrics` says, of a real HAProxy."""

import asyncio
from pathlib import Path

import httpx
import pytest

from app.doors.front_haproxy import FrontHAProxy, control_of
from app.doors.front_metrics import FrontMetrics
from deployments.metrics.catalogue import replay as catalogue
from deployments.metrics.series import Counts
from tests.support.doors import running, told
from tests.support.fast_lane import Gate, serving
from tests.support.serve import free_port


async def test_it_tells_of_lanes_and_answers(tmp_path: Path) -> None:
    counts, gate = Counts(), Gate()
    gate.let.set()
    metrics = FrontMetrics(control_of(tmp_path), counts)
    lanes, requests = counts.gauge(catalogue.LANES), counts.counter(catalogue.FRONT_REQUESTS)

    async def lanes_are(up: int, down: int) -> bool:
        await asyncio.to_thread(metrics.tell)
        return (lanes["up"].value, lanes["down"].value) == (up, down)

    async def come_to(up: int, down: int) -> None:
        async with asyncio.timeout(20):
            while not await lanes_are(up, down):
                await asyncio.sleep(0.05)

    async with serving(gate) as lane:
        listen = f"127.0.0.1:{free_port()}"
        async with running(FrontHAProxy(listen, tmp_path)) as front:
            await told(front, ("127.0.0.1", lane.port), ("127.0.0.1", free_port()))
            await come_to(1, 1)
            before = {one: requests[one].value for one in ("2xx", "4xx")}
            async with httpx.AsyncClient(base_url=f"http://{listen}") as client:
                for _ in range(3):
                    assert (await client.post("/predict")).status_code == 200
                await asyncio.to_thread(metrics.tell)
                assert counts.gauge(catalogue.FRONT_SESSIONS)[()].value == 1
            assert requests["2xx"].value - before["2xx"] == 3
            assert requests["4xx"].value == before["4xx"]


def test_one_that_says_nothing_leaves_no_gauge_that_lies(tmp_path: Path) -> None:
    counts = Counts()
    counts.gauge(catalogue.LANES)["up"].set(3)
    counts.gauge(catalogue.FRONT_SESSIONS)[()].set(3)

    with pytest.raises(OSError, match="No such file"):
        FrontMetrics(control_of(tmp_path), counts).tell()

    assert counts.gauge(catalogue.LANES).known == {}
    assert counts.gauge(catalogue.FRONT_SESSIONS).known == {}
