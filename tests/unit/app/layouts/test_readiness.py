"""How the layouts tell of stages that cannot be reached, and answer meanwhile."""

import asyncio
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.config import BatchSettings, CollapsedSettings, DistributedSettings, GraphArgs, HopSettings
from app.layouts.distributed import Distributed
from app.layouts.hops import calls
from app.serving.answers import RowAnswer
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from app.serving.readiness import Readiness
from app.serving.watch import Watch
from deployments.features import lookup
from deployments.frames import Frame, Status, ViewStates
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model_id import ModelId
from deployments.stage.timed import timed
from tests.support import chains
from tests.support.hanging import nothing
from tests.support.manifests import PARCELS, parcels, store
from tests.support.shop import KNOWN, shop
from tests.support.wait import wait_for
from tests.unit.app.layouts.test_collapsed import served
from tests.unit.app.serving.test_dataplane import ROW
from tests.unit.deployments.features.test_outage import break_store

REPLICA = "one"
HOPS = HopSettings(suspect_s=0.05, hung_s=0.1, first_s=0.1)


class Handle:
    """That of a deployment with one replica, which hangs until it is ``let``."""

    def __init__(self, app_name: str, deployment_name: str, **methods: Any) -> None:
        self.app_name, self.deployment_name = app_name, deployment_name
        self.let = asyncio.Event()
        self.let.set()
        self._methods = methods

    def options(self, method_name: str, **_: Any) -> Any:
        return Remote(partial(self._call, self._methods[method_name]))

    async def _call(self, method: Any, argument: Any) -> Any:
        calls.sent(REPLICA)
        await self.let.wait()
        return await method(argument)


class Remote:
    def __init__(self, remote: Any) -> None:
        self.remote = remote


async def defaulted(model: ModelId) -> Frame:
    views = ViewStates(
        ("load", "fleet"), np.full((2, 1), Status.DEFAULTED, np.int8), np.full((2, 1), np.nan)
    )
    return Frame(model, 1, {"load__hourly": np.zeros(1), "fleet__vans": np.zeros(1)}, views)


class Graph:
    """The distributed layout of ``parcels`` in service, and what watches it."""

    def __init__(self, folder: Path) -> None:
        methods: dict[str, dict[str, Any]] = {
            "Features": {"lookup": timed(chains.lookup), "defaulted": defaulted},
            "Preprocess": {"transform": timed(chains.preprocess)},
            "Model": {"predict": timed(chains.model)},
        }
        # An application of its own: what is known of its replicas is known to the whole process.
        self.handles = {one: Handle(str(folder), one, **methods[one]) for one in methods}
        unused: Any = GraphArgs.model_validate({"model": {"name": "parcels"}}), None
        handles: Any = self.handles.values()
        self.layout = Distributed(*unused, *handles)
        self.layout.reconfigure(DistributedSettings(hops=HOPS))
        for hop in self.layout._hops:
            hop.replicas.update(frozenset({REPLICA}))
        self.dataplane = Dataplane(
            store(folder, parcels()),
            self.layout.chain,
            "parcels",
            readiness=Readiness(self.layout.silent, self.layout.ejected),
        )
        self.watch = Watch(self.dataplane, "parcels", self.layout.remember)

    @property
    def now(self) -> tuple[str, bool]:
        condition = self.dataplane.condition()
        return condition.status, condition.ready


@pytest.fixture
async def graph(tmp_path: Path) -> Graph:
    graph = Graph(tmp_path)
    await graph.dataplane.activate("1", BatchSettings())
    await graph.layout.remember(PARCELS)
    await graph.watch.look()
    assert graph.now == ("ok", True)
    return graph


async def test_a_feature_stage_that_hangs_is_a_store_away(graph: Graph) -> None:
    features = graph.handles["Features"]
    features.let.clear()
    for _ in range(2):
        (answer,) = await graph.dataplane.serving().answer([ROW])
        assert isinstance(answer, RowAnswer)
        assert (answer.features.status, answer.features.degraded) == ("defaulted", True)
        assert not graph.dataplane.condition().ready
    await graph.watch.look()
    assert graph.now == ("degraded", False)
    problem = graph.dataplane.condition().problem
    assert problem is not None
    assert problem.startswith("Features: its replica does not answer")

    features.let.set()
    await wait_for(lambda: not graph.layout._hops[0].silent())
    await graph.watch.look()
    assert graph.now == ("ok", True)
    (answer,) = await graph.dataplane.serving().answer([ROW])
    assert isinstance(answer, RowAnswer)
    assert answer.features.status == "fresh"


async def test_so_is_one_without_a_replica(graph: Graph) -> None:
    graph.layout._hops[0].replicas.update(frozenset())

    (answer,) = await graph.dataplane.serving().answer([ROW])

    assert isinstance(answer, RowAnswer)
    assert answer.features.degraded
    await graph.watch.look()
    assert graph.now == ("degraded", False)


@pytest.mark.parametrize("stage", ["Preprocess", "Model"])
async def test_nothing_stands_in_for_another_stage(graph: Graph, stage: str) -> None:
    graph.handles[stage].let.clear()

    with pytest.raises(Unavailable, match=f"{stage} cannot be reached"):
        await graph.dataplane.serving().answer([ROW])
    assert graph.now == ("unavailable", False)
    await graph.watch.look()
    assert graph.now == ("unavailable", False)
    assert graph.dataplane.condition().problem == f"{stage}: its replica does not answer"

    graph.handles[stage].let.set()
    await wait_for(lambda: not graph.layout.silent())
    await graph.watch.look()
    assert graph.now == ("ok", True)


@pytest.mark.parametrize(
    ("owner", "name", "stage"),
    [(lookup, "compute_rows", "Features"), (TorchRuntime, "run", "Model")],
)
async def test_a_thread_that_hangs_inside_the_ingress_is_known_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, stage: str
) -> None:
    _, dataplane = await served(shop(tmp_path))
    let = threading.Event()
    behind = getattr(owner, name)

    def hangs(*args: Any) -> Any:
        let.wait(20)
        return behind(*args)

    watching = asyncio.create_task(Watch(dataplane, dataplane.names[0], nothing).run())
    try:
        await dataplane.serving().answer([(KNOWN, 2, "12")])
        monkeypatch.setattr(owner, name, hangs)
        await wait_for(lambda: not dataplane.condition().ready, timeout_s=5)
        assert dataplane.condition().problem == f"{stage} did not answer in time"
        let.set()
        await wait_for(lambda: dataplane.condition().ready, timeout_s=5)
    finally:
        let.set()
        watching.cancel()


async def test_an_online_store_that_is_away_is_degraded_and_ready(tmp_path: Path) -> None:
    layout, dataplane = await served(shop(tmp_path))
    uncached = {"features": {"cache_ttl_s": 1e-6, "breaker": {"probe_s": 0.05}}}
    layout.reconfigure(CollapsedSettings.model_validate(uncached))
    watching = asyncio.create_task(Watch(dataplane, dataplane.names[0], nothing).run())
    try:
        kept = break_store(tmp_path)
        reader = layout._lookup._reader
        reader._reader = reader._open()  # an open connection would hold the old file
        await wait_for(lambda: dataplane.condition().status == "degraded")
        assert dataplane.condition().ready
        assert "no row is fresh in shelf" in (dataplane.condition().problem or "")
        os.replace(kept, tmp_path / "online_store.db")
        await wait_for(lambda: dataplane.condition().status == "ok")
    finally:
        watching.cancel()
