import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from app.config import BatchSettings, GraphArgs
from app.layouts.collapsed import Collapsed
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from deployments.features import lookup
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.torch_cpu import TorchRuntime
from tests.support.shop import KNOWN, NAME, Shop, shop

ORDER = (KNOWN, 2, "12")


async def served(built: Shop) -> tuple[Collapsed, Dataplane]:
    """The layout with the bundle in service, all of whose batches run in the model's thread."""
    model = {"name": NAME, "directory": str(built.repo / "models"), "device": "cpu", "inline_s": 0}
    args = {"model": model, "feature_store": {"repo": str(built.repo)}}
    layout = Collapsed(GraphArgs.model_validate(args), built.bundles)
    dataplane = Dataplane(built.bundles, layout.chain, NAME)
    await dataplane.activate(built.version, BatchSettings())
    return layout, dataplane


async def test_its_health_is_that_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, dataplane = await served(shop(tmp_path))
    await layout.check()

    def lost(_: TorchRuntime, frame: TensorFrame) -> Outputs:
        raise RuntimeError("the device is lost")

    with monkeypatch.context() as patch:
        patch.setattr(TorchRuntime, "run", lost)
        with pytest.raises(Unavailable):
            await dataplane.serving().answer([ORDER])
        with pytest.raises(RuntimeError, match="the device is lost"):
            await layout.check()
    await layout.check()


@pytest.mark.parametrize(("owner", "name"), [(lookup, "compute_rows"), (TorchRuntime, "run")])
async def test_it_is_not_healthy_while_a_thread_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    layout, dataplane = await served(shop(tmp_path))
    entered, let = threading.Event(), threading.Event()
    behind = getattr(owner, name)

    def hangs(*args: Any) -> Any:
        entered.set()
        let.wait(10)
        return behind(*args)

    monkeypatch.setattr(owner, name, hangs)

    answers = asyncio.create_task(dataplane.serving().answer([ORDER]))
    assert await asyncio.to_thread(entered.wait, 10)
    check = asyncio.create_task(layout.check())
    done, _ = await asyncio.wait({check}, timeout=0.1)
    let.set()

    assert not done
    await check
    assert len(await answers) == 1
