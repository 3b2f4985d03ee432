from pathlib import Path

import pytest

from app.config import BatchSettings, GraphArgs
from app.layouts.collapsed import Collapsed
from app.serving.dataplane import Dataplane
from app.serving.errors import Unavailable
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.torch_cpu import TorchRuntime
from tests.support.shop import KNOWN, NAME, shop


async def test_its_health_is_that_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = shop(tmp_path)
    model = {"name": NAME, "directory": str(tmp_path / "models"), "device": "cpu"}
    args = {"model": model, "feature_store": {"repo": str(tmp_path)}}
    layout = Collapsed(GraphArgs.model_validate(args), built.bundles)
    dataplane = Dataplane(built.bundles, layout.chain, NAME)
    await dataplane.activate(built.version, BatchSettings())
    await layout.check()

    def lost(_: TorchRuntime, frame: TensorFrame) -> Outputs:
        raise RuntimeError("the device is lost")

    with monkeypatch.context() as patch:
        patch.setattr(TorchRuntime, "run", lost)
        with pytest.raises(Unavailable):
            await dataplane.serving().answer([(KNOWN, 2, "12")])
        with pytest.raises(RuntimeError, match="the device is lost"):
            await layout.check()
    await layout.check()
