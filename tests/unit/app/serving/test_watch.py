"""Whether a model is ready: from traffic, and where there is none from golden rows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.config import BatchSettings
from app.serving import watch as module
from app.serving.dataplane import Dataplane
from app.serving.watch import Watch
from deployments.frames import Frame, Status
from deployments.model_id import ModelId
from tests.support.chains import lookup, weighing
from tests.support.hanging import STAGES, Stages, watch
from tests.support.manifests import parcels, store
from tests.support.wait import wait_for
from tests.unit.app.serving.test_dataplane import ROW

GOLDEN = 2
"""Rows of a probe."""


@asynccontextmanager
async def watched(dataplane: Dataplane) -> AsyncIterator[None]:
    """Within the block it is watched, with the pauses and limits of the product."""
    watching = asyncio.create_task(watch(dataplane).run())
    try:
        yield
        assert not watching.done()
    finally:
        watching.cancel()


def test_a_hang_is_known_within_three_seconds_with_time_to_spare() -> None:
    under_load = 2 * module._LOOK_S + module._LIMIT_S
    idle = module._IDLE_S + module._LOOK_S + module._LIMIT_S
    assert max(under_load, idle) < 2.7


async def test_batches_that_end_tell_it_without_a_probe(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    before = len(stages.rows)
    looking = watch(dataplane)
    for _ in range(5):
        await looking.look()
        await dataplane.serving().answer([ROW])

    assert len(stages.rows) == before + 5
    assert dataplane.condition().status == "ok"


async def test_without_traffic_golden_rows_do_no_more_than_once_in_a_while(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    before = len(stages.rows)
    for _ in range(5):
        await looking.look()

    assert stages.rows[before:] == [GOLDEN]


async def test_the_example_is_sent_where_golden_rows_could_not_be_answered(tmp_path: Path) -> None:
    sent: list[int] = []

    async def only_one(frame: Frame) -> Frame:
        sent.append(frame.rows)
        if frame.rows > 1:
            raise ValueError("too heavy together")
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=only_one), "parcels")
    await dataplane.activate("1", BatchSettings())
    looking = watch(dataplane)
    await looking.look()
    await looking.look()

    assert sent == [1, GOLDEN, 1]
    assert dataplane.condition().ready


async def test_no_more_golden_rows_are_sent_than_a_batch_holds(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = Dataplane(store(tmp_path, parcels()), stages.chain(), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=1))
    looking = watch(dataplane)
    await looking.look()
    await looking.look()

    assert stages.rows[-1] == 1
    assert dataplane.condition().ready


@pytest.mark.parametrize("stage", STAGES)
async def test_a_stage_that_hangs_is_known_in_time_and_so_is_its_return(
    tmp_path: Path, stage: str
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    async with watched(dataplane):
        await dataplane.serving().answer([ROW])
        assert dataplane.condition().ready

        stages.hang(stage)
        await wait_for(lambda: not dataplane.condition().ready, timeout_s=5)
        now = dataplane.condition()
        assert now.status == "unavailable"
        assert now.problem == f"{stage} did not answer in time"
        assert dataplane.serving().model.version == "1", "requests are let through all the same"

        stages.free(stage)
        await wait_for(lambda: dataplane.condition().ready, timeout_s=5)
        assert dataplane.condition().status == "ok"
        assert dataplane.condition().problem is None


@pytest.mark.usefixtures("short")
async def test_probes_of_a_stage_that_hangs_do_not_pile_up(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    stages.hang("Model")
    for _ in range(4):
        await looking.look()

    assert not dataplane.condition().ready
    assert stages.most == 1


@pytest.mark.usefixtures("short")
async def test_a_batch_that_ends_counts_more_than_a_probe_that_does_not(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.hang("Model")
    before = len(stages.rows)
    look = asyncio.create_task(looking.look())
    await wait_for(lambda: len(stages.rows) > before)
    behind = stages.let.pop("Model")
    await dataplane.serving().answer([ROW])  # by another replica, say
    await look

    assert dataplane.condition().ready
    behind.set()


async def test_a_slow_model_is_not_taken_for_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LIMIT_S", 0.05)
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    dataplane.golden["parcels"].took_s = 0.5
    looking = watch(dataplane)
    await looking.look()
    stages.hang("Model")
    asyncio.get_running_loop().call_later(0.2, stages.free, "Model")

    await looking.look()

    assert dataplane.condition().ready


@pytest.mark.usefixtures("short")
async def test_a_process_that_was_stopped_itself_blames_no_stage(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.hang("Model")
    before = len(stages.rows)
    look = asyncio.create_task(looking.look())
    await wait_for(lambda: len(stages.rows) > before)
    time.sleep(0.7)  # as SIGSTOP, or a machine that starves it
    await look
    assert dataplane.condition().ready

    await looking.look()
    assert not dataplane.condition().ready


@pytest.mark.usefixtures("short")
async def test_a_new_version_is_asked_with_its_own_rows(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path, "12")
    remembered: list[str] = []

    async def remember(model: ModelId) -> None:
        remembered.append(model.version)

    looking = Watch(dataplane, "parcels", remember)
    await looking.look()
    stages.hang("Model")
    await looking.look()
    assert not dataplane.condition().ready
    stages.free("Model")
    await dataplane.activate("2", BatchSettings())
    assert dataplane.condition().ready, "it has just answered its example"
    for _ in range(2):
        await looking.look()

    assert stages.versions[-1] == "2"
    await wait_for(lambda: remembered == ["1", "2"])


async def test_a_probe_of_the_version_before_says_nothing_of_the_one_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LIMIT_S", 0.5)
    monkeypatch.setattr(module, "_IDLE_S", 0.0)
    stages = Stages()
    dataplane = await stages.serving(tmp_path, "12")
    looking = watch(dataplane)
    await looking.look()
    before = len(stages.rows)
    stages.hang("Model")
    look = asyncio.create_task(looking.look())
    await wait_for(lambda: len(stages.rows) > before)
    stuck = stages.let.pop("Model")
    await dataplane.activate("2", BatchSettings())
    await look

    assert dataplane.condition().ready
    stuck.set()


@pytest.mark.usefixtures("short")
async def test_a_batch_from_before_the_probe_does_not_hide_a_hang(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.statuses = [Status.STALE, Status.FRESH]  # so that golden rows are sent beside traffic
    await dataplane.serving().answer([ROW])
    stages.hang("Model")
    await looking.look()

    assert not dataplane.condition().ready


async def test_stages_are_asked_for_what_stands_in_once_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REMEMBER_S", 0.0)
    dataplane = await Stages().serving(tmp_path)
    asked, let = 0, asyncio.Event()

    async def remember(_: ModelId) -> None:
        nonlocal asked
        asked += 1
        await let.wait()

    looking = Watch(dataplane, "parcels", remember)
    for _ in range(3):
        await looking.look()
        await asyncio.sleep(0)
    assert asked == 1
    let.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await looking.look()
    await asyncio.sleep(0)
    assert asked == 2
