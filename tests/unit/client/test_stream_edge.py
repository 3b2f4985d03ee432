"""Streams of both clients over the real edge."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, FastLaneSettings, Limits, StreamSettings
from app.doors.fast_lane.server import FastLane
from app.protocols.stream.streams import Streams
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.serve import free_port
from tests.support.wait import wait_for
from tests.unit.client.conftest import Opened
from windsock import Answer, Prediction, RowError


def parcel(weight: Any) -> dict[str, Any]:
    return EXAMPLE | {"weight": weight}


async def test_every_row_has_its_own_answer(edge_url: str, opened: Opened) -> None:
    rows = [parcel(n % 1000) for n in range(2000)]
    async with opened(edge_url) as client:
        found = await client.stream(rows)

    assert len(found) == len({id(row) for row, _ in found}) == 2000
    for row, given in found:
        assert isinstance(given, Prediction)
        assert given.outputs["cost"] == 2 * row["weight"]
        assert given.features.views["load"].age_s == 60


async def test_a_bad_row_is_told_what_is_wrong(edge_url: str, opened: Opened) -> None:
    rows = [parcel(1), parcel(1001), parcel("heavy"), {}, parcel(2)]
    async with opened(edge_url) as client:
        found = {id(row): given for row, given in await client.stream(rows, values=True)}

    good, out_of_range, invalid, missing, last = (found[id(row)] for row in rows)
    assert isinstance(good, Prediction)
    assert good.features.values == {"load__hourly": 1, "fleet__vans": 1}
    assert isinstance(last, Prediction)
    assert isinstance(out_of_range, RowError)
    assert (out_of_range.code, out_of_range.field) == ("out_of_range", "weight")
    assert isinstance(invalid, RowError)
    assert (invalid.code, invalid.field) == ("invalid_field", "weight")
    assert isinstance(missing, RowError)
    assert missing.code == "missing_field"
    assert missing.request_id


async def test_a_row_that_is_too_large_costs_no_other(edge_url: str, opened: Opened) -> None:
    rows = [parcel(n) for n in range(50)]
    rows[17] |= {"depot": "x" * 2**21}
    async with opened(edge_url) as client:
        found = await client.stream(rows)

    errors = [given.code for _, given in found if isinstance(given, RowError)]
    assert errors == ["body_too_large"]
    assert len(found) == 50


@asynccontextmanager
async def replica(folder: Path, port: int) -> AsyncIterator[None]:
    """One of the replicas that share a port; at the end it lets its clients go."""
    limits = Limits()
    dataplane = Dataplane(store(folder, parcels()), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    streams = Streams(dataplane, limits, StreamSettings())
    settings = FastLaneSettings(port=port, linger_s=0)
    fast_lane = FastLane(settings, Application(dataplane, EdgeArgs(limits=limits), streams), 2**16)
    await fast_lane.open()
    try:
        yield
    finally:
        await asyncio.gather(fast_lane.close(5.0), streams.close())


async def test_a_rollout_costs_no_row(tmp_path: Path, opened: Opened) -> None:
    port = free_port()
    over = threading.Event()
    found: list[tuple[dict[str, int], Answer]] = []

    async def keep(row: dict[str, int], given: Answer) -> None:
        found.append((row, given))

    def heavier(row: dict[str, int]) -> dict[str, Any]:
        return parcel(row["n"] % 1000)

    async with opened(f"http://127.0.0.1:{port}") as client, AsyncExitStack() as new:
        async with replica(tmp_path / "old", port):
            running = asyncio.create_task(client.each(keep, client.paced(over), heavier))
            await wait_for(lambda: len(found) > 100)
            await new.enter_async_context(replica(tmp_path / "new", port))
        before = len(found)
        await wait_for(lambda: len(found) > before + 100)
        over.set()
        await running
    assert sorted(row["n"] for row, _ in found) == list(range(len(found)))
    for row, given in found:
        assert isinstance(given, Prediction)
        assert given.outputs["cost"] == 2 * (row["n"] % 1000)
