"""What is counted of batches, of what serves, and of nothing else."""

import json
from pathlib import Path

import pytest

from app.config import BatchSettings
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from deployments.frames import Frame
from deployments.metrics.catalogue import graph, stages
from deployments.metrics.series import COUNTS
from tests.support.chains import lookup as sound
from tests.support.chains import weighing
from tests.support.counted import Counted, gauge
from tests.support.manifests import EXAMPLE, parcels, store

OF = {"model": "parcels", "version": "1"}


async def test_a_batch_is_counted(dataplane: Dataplane) -> None:
    counted = Counted()
    serving = dataplane.serving()
    row = serving.contract.decode(json.dumps(EXAMPLE).encode())
    await serving.answer([row, row, row])

    assert counted(stages.BATCH_ROWS, **OF) == {(): 1}
    assert counted(stages.QUEUE, **OF) == {(): 1}
    assert counted(stages.STAGE_SECONDS, **OF) == {
        (stage,): 1 for stage in ("lookup", "preprocess", "model", "transport")
    }
    assert counted(stages.BATCH_FAILURES) == {}
    dataplane.tell()
    assert gauge(stages.QUEUED_ROWS, "parcels", "1") == 0


async def test_what_warms_a_version_up_is_not(tmp_path: Path) -> None:
    counted = Counted()
    bundles = store(tmp_path, parcels("1"))
    dataplane = Dataplane(bundles, weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    await dataplane.serving().send_example(1e9)

    for metric in (stages.BATCH_ROWS, stages.QUEUE, stages.STAGE_SECONDS):
        assert counted(metric) == {}


async def test_a_batch_that_fails_is_counted_as_that(tmp_path: Path) -> None:
    failing = False

    async def lookup(frame: Frame) -> Frame:
        if failing:
            raise OSError("gone")
        return await sound(frame)

    dataplane = Dataplane(store(tmp_path, parcels("1")), weighing(lookup=lookup), "parcels")
    await dataplane.activate("1", BatchSettings())
    failing, counted = True, Counted()
    serving = dataplane.serving()
    with pytest.raises(Unavailable):
        await serving.answer([serving.contract.decode(json.dumps(EXAMPLE).encode())])

    assert counted(stages.BATCH_FAILURES, **OF) == {(): 1}
    assert counted(stages.STAGE_SECONDS) == {}


async def test_the_version_in_service_is_told_and_each_swap_counted(dataplane: Dataplane) -> None:
    counted = Counted()
    assert gauge(graph.IN_SERVICE, "parcels", "1") == 1
    await dataplane.activate("2", BatchSettings())
    await dataplane.activate("nowhere", BatchSettings())
    dataplane.tell()

    in_service = COUNTS.gauge(graph.IN_SERVICE).known
    assert [labels for labels in in_service if labels[0] == "parcels"] == [("parcels", "2")]
    assert counted(graph.SWAPS, model="parcels") == {("served",): 1, ("refused",): 1}
    assert gauge(graph.PROBLEMS) == 1
    assert ("parcels", "1") not in COUNTS.gauge(stages.QUEUED_ROWS).known
