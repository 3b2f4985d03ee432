"""What an ingress replica loads, and when it is to be replaced. The rest of it is tested in a
running one."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.config import GraphArgs, IngressSettings
from app.edge.guards import Guards
from app.ingress import IngressReplica
from app.protocols.stream.streams import Streams
from app.serving.watch import Watch
from deployments.model_id import ModelId
from tests.support.hanging import STAGES, Stages
from tests.support.manifests import parcels, store
from tests.support.wait import wait_for


@pytest.mark.parametrize("module", ["app.ingress", "app.layouts.distributed"])
def test_a_distributed_ingress_loads_neither_torch_nor_feast(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('torch', 'feast') if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert loaded.stdout.strip() == "[]"


class Elsewhere:
    """A layout whose stages are no part of this process."""

    settings = IngressSettings

    def __init__(self, stages: Stages, *_: Any) -> None:
        self.chain = stages.chain()

    def reconfigure(self, settings: IngressSettings) -> None:
        """Nothing to pass on."""

    async def check(self) -> None:
        """Serve asks the stages themselves."""

    async def remember(self, model: ModelId) -> None:
        """Nothing stands in."""

    def silent(self) -> Mapping[str, str]:
        return {}

    def ejected(self) -> Mapping[str, Sequence[str]]:
        return {}


class Replica(IngressReplica):
    def __del__(self) -> None:  # type: ignore[override]
        """Serve awaits it; who collects garbage does not."""


@asynccontextmanager
async def replica(folder: Path, stages: Stages) -> AsyncIterator[Replica]:
    """An ingress of ``parcels`` that has begun, for the length of a block."""
    store(folder, parcels())
    args = GraphArgs.model_validate({"model": {"name": "parcels", "directory": str(folder)}})
    replica = Replica(args, lambda *_: Elsewhere(stages))
    await replica.reconfigure({"version": "1"})
    try:
        yield replica
    finally:
        await replica._leave()


@pytest.mark.parametrize("stage", STAGES)
async def test_it_is_not_replaced_for_a_stage_that_hangs_elsewhere(
    tmp_path: Path, stage: str
) -> None:
    stages = Stages()
    async with replica(tmp_path, stages) as ingress:
        stages.hang(stage)
        await wait_for(lambda: not ingress.dataplane.condition().ready)

        async with asyncio.timeout(0.5):
            await ingress.check_health()


async def test_it_is_replaced_where_nobody_watches_the_stages_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Watch) -> None:
        raise ValueError("a fault of ours")

    async with replica(tmp_path, Stages()) as ingress:
        await ingress.check_health()
        monkeypatch.setattr(Watch, "look", broken)
        assert ingress._watching is not None
        await asyncio.wait([ingress._watching])

        with pytest.raises(RuntimeError, match="nobody watches the stages"):
            await ingress.check_health()


async def test_one_that_leaves_is_no_fault(tmp_path: Path) -> None:
    async with replica(tmp_path, Stages()) as ingress:
        await ingress._leave()
        await asyncio.sleep(0)

        await ingress.check_health()


async def test_it_leaves_once_and_whoever_asks_again_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with replica(tmp_path, Stages()) as ingress:
        closing, closed = asyncio.Event(), asyncio.Event()
        times = 0

        async def close(_: Guards) -> None:
            nonlocal times
            times += 1
            closing.set()
            await closed.wait()

        monkeypatch.setattr(Guards, "close", close)
        first = asyncio.create_task(ingress._leave())
        await closing.wait()
        first.cancel()  # nobody's going ends what it began
        second = asyncio.create_task(ingress._leave())
        done, _ = await asyncio.wait([second], timeout=0.1)
        assert not done
        closed.set()
        await second
        assert times == 1


async def test_it_closes_its_guards_whatever_becomes_of_its_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Streams) -> None:
        raise ValueError("a fault of ours")

    guards = []

    async def close(closed: Guards) -> None:
        guards.append(closed)

    monkeypatch.setattr(Streams, "close", broken)
    monkeypatch.setattr(Guards, "close", close)
    with pytest.raises(ValueError, match="a fault of ours"):
        async with replica(tmp_path, Stages()):
            pass
    assert len(guards) == 1
