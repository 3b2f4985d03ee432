"""Where a request's time went: told in Server-Timing to who asks for it."""

import asyncio
import json
from pathlib import Path
from time import perf_counter

import httpx
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.serving.chain import StageTimes
from app.serving.dataplane import Dataplane
from app.serving.server_timing import ServerTiming
from deployments.frames import Frame
from tests.support.chains import lookup, weighing
from tests.support.manifests import parcels, store


def parsed(header: str) -> dict[str, float]:
    """Milliseconds by name."""
    parts = (part.strip().split(";dur=") for part in header.split(","))
    return {name: float(value) for name, value in parts}


def test_all_parts_together_are_the_whole() -> None:
    timing = ServerTiming(perf_counter() - 0.1)
    timing.add(0.01, StageTimes(0.005, 0.003, 0.02, 0.002))
    timing.add(0.01, StageTimes(0.005, 0.003, 0.02, 0.002))
    spent = parsed(timing.header().decode())

    total = spent.pop("total")
    assert total == pytest.approx(100, abs=20)
    assert sum(spent.values()) == pytest.approx(total, abs=0.01)
    assert (spent["queue"], spent["lookup"], spent["model"]) == (20, 10, 40)


async def test_an_answer_tells_where_its_time_went(tmp_path: Path) -> None:
    took_ms: list[float] = []

    async def slow(frame: Frame) -> Frame:
        start = perf_counter()
        await asyncio.sleep(0.05)
        took_ms.append((perf_counter() - start) * 1000)  # a busy machine sleeps longer
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=slow), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=1, in_flight=1))
    took_ms.clear()
    row = dataplane.serving().contract.example()
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        asked = {"server-timing": "?1"}
        first, second = await asyncio.gather(
            *(client.post("/predict", json=row, headers=asked) for _ in range(2))
        )
        batch = await client.post("/predict/batch", json={"instances": [row, row]}, headers=asked)
        silent = await client.post("/predict", json=row)

    spent = [parsed(answer.headers["server-timing"]) for answer in (first, second, batch)]
    expected = [took_ms[0], took_ms[1], took_ms[2] + took_ms[3]]
    assert [one["lookup"] for one in spent] == pytest.approx(expected, abs=10)
    assert spent[0]["queue"] < 40 <= spent[1]["queue"]  # it waited for the first
    assert "server-timing" not in silent.headers
    assert json.loads(first.content).keys() == json.loads(silent.content).keys()
