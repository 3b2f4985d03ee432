"""The condition of a model, as health tells it."""

import asyncio
from pathlib import Path

import pytest

from app.config import BatchSettings
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from app.serving.watch import Watch
from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame, Status
from tests.support.chains import lookup, weighing
from tests.support.hanging import Stages, nothing, watch
from tests.support.manifests import field, manifest, store
from tests.unit.app.serving.test_dataplane import ROW


@pytest.mark.usefixtures("short")
async def test_a_stage_that_fails_makes_it_unavailable_and_tells_no_more(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.raises["Model"] = RuntimeError("/secret/device is lost")
    for _ in range(3):
        await looking.look()

    now = dataplane.condition()
    assert (now.status, now.ready) == ("unavailable", False)
    assert now.problem == "the stages fail for golden rows; the server's log says why"
    assert log.text.count("RuntimeError: /secret/device is lost") == 1
    assert log.text.count("parcels is not ready") == 1
    del stages.raises["Model"]
    await looking.look()
    assert dataplane.condition().ready
    assert log.text.count("parcels answers again") == 1


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("bad", [Status.STALE, Status.DEFAULTED])
async def test_a_store_away_is_degraded_and_ready(tmp_path: Path, bad: Status) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.statuses = [bad, Status.FRESH]
    for traffic in (False, True):
        await looking.look()
        now = dataplane.condition()
        assert (now.status, now.ready) == ("degraded", True)
        assert now.problem is not None
        assert "no row is fresh in load:" in now.problem
        if traffic:
            await dataplane.serving().answer([ROW])
    stages.statuses = [Status.FRESH, Status.MISSING]
    await looking.look()
    assert dataplane.condition().status == "ok"


@pytest.mark.usefixtures("short")
async def test_golden_rows_out_of_date_do_not_count_against_rows_that_are_not(
    tmp_path: Path,
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.statuses = [Status.STALE, Status.STALE]
    await dataplane.serving().answer([ROW])
    newest = dataplane.serving().newest
    assert newest is not None
    assert newest.found.views is not None
    newest.found.views.status[1] = Status.FRESH
    await looking.look()

    problem = dataplane.condition().problem
    assert problem is not None
    assert "no row is fresh in load:" in problem


@pytest.mark.usefixtures("short")
async def test_a_store_away_whose_policy_is_to_refuse_leaves_nothing_to_answer(
    tmp_path: Path,
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    stages.statuses, stages.refused = [Status.FRESH, Status.DEFAULTED], 1
    await looking.look()
    await looking.look()

    now = dataplane.condition()
    assert (now.status, now.ready) == ("unavailable", False)
    assert now.problem is not None
    assert "'fleet' cannot be read from its store now, and its policy is to refuse" in now.problem


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("status", [Status.MISSING, Status.STALE])
async def test_golden_rows_that_are_refused_for_themselves_tell_nothing_of_others(
    tmp_path: Path, status: Status
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    stages.statuses, stages.refused = [Status.FRESH, status], 1
    await looking.look()
    await looking.look()

    assert dataplane.condition().ready


@pytest.mark.usefixtures("short")
async def test_a_silent_stage_is_unready_at_once_and_degraded_once_answers_go_on(
    tmp_path: Path,
) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    looking = watch(dataplane)
    await looking.look()
    stages.silent = {"Features": "it has no replica"}
    now = dataplane.condition()
    assert (now.status, now.ready) == ("unavailable", False)
    assert now.problem == "Features: it has no replica"

    stages.statuses = [Status.DEFAULTED, Status.DEFAULTED]  # what stands in for it
    await looking.look()
    now = dataplane.condition()
    assert (now.status, now.ready) == ("degraded", False)

    stages.silent |= {"Model": "none of its replicas answers"}
    assert dataplane.condition().status == "unavailable"
    stages.raises["Model"] = Unavailable("Model: none of its replicas answers")
    await looking.look()
    assert dataplane.condition().status == "unavailable"

    stages.silent, stages.raises, stages.statuses = {}, {}, [Status.FRESH, Status.FRESH]
    await looking.look()
    assert dataplane.condition().status == "ok"


async def test_replicas_that_get_no_batch_are_told_of_while_others_do(tmp_path: Path) -> None:
    stages = Stages()
    dataplane = await stages.serving(tmp_path)
    stages.ejected = {"Model": ["abc"], "Features": []}

    now = dataplane.condition()
    assert (now.status, now.ready) == ("ok", True)
    assert now.problem == "Model: replica abc is late, others are asked where there are any"


async def test_an_ingress_that_has_not_begun_is_not_looked_at(tmp_path: Path) -> None:
    dataplane = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    await watch(dataplane).look()

    assert dataplane.condition().status == "starting"
    assert not dataplane.condition().ready


@pytest.mark.usefixtures("short")
async def test_each_of_two_models_has_a_readiness_of_its_own(tmp_path: Path) -> None:
    hanging: set[str] = set()

    async def by_model(frame: Frame) -> Frame:
        if frame.model.name in hanging:
            await asyncio.Event().wait()
        return await lookup(frame)

    weight, outputs = [field("weight", "float64")], ["late", "cost"]
    both = store(
        tmp_path,
        manifest(name="parcels", request_features=weight, outputs=outputs),
        manifest(name="letters", request_features=weight, outputs=outputs),
    )
    dataplane = Dataplane(both, weighing(lookup=by_model), "parcels", "letters")
    assert dataplane.condition().status == "starting"
    await dataplane.activate("1", BatchSettings())
    assert dataplane.condition().status == "starting", "one of them is not there yet"
    await dataplane.activate("1", BatchSettings(), "letters")
    assert dataplane.condition().status == "ok"

    hanging.add("letters")
    for name in dataplane.names:
        looking = Watch(dataplane, name, nothing)
        await looking.look()
        await looking.look()

    assert dataplane.ready("parcels")
    assert not dataplane.ready("letters")
    assert not dataplane.condition().ready
