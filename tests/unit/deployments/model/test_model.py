import asyncio
import threading
from typing import Any

import numpy as np
import pytest
import torch

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.runtime import TorchRuntime
from deployments.model.model import Model
from deployments.model.options import ModelOptions
from tests.support.example import Example

CPU = ModelOptions(device="cpu")


def golden(example: Example) -> tuple[TensorFrame, Outputs]:
    """The bundle's golden rows as tensors, and their answers."""
    bundle = example.bundles.open(example.version)
    rows = bundle.golden()
    tensors = bundle.preprocessor().transform(rows.columns)
    return TensorFrame(example.version, *tensors), rows.outputs


async def test_concurrent_batches_get_their_own_answers(example: Example) -> None:
    frame, expected = golden(example)
    model = Model(example.bundles, CPU)
    cuts = [slice(0, 1), slice(3, 40), slice(0, 64), slice(63, 64)]

    answers = await asyncio.gather(
        *(
            model.predict(TensorFrame(frame.version, frame.numeric[cut], frame.categorical[cut]))
            for cut in cuts
        )
    )

    for cut, outputs in zip(cuts, answers, strict=True):
        for name, values in outputs.items():
            np.testing.assert_allclose(values, expected[name][cut], atol=1e-5)


@pytest.mark.parametrize(("inline_s", "inline"), [(60.0, True), (0.0, False)])
async def test_only_short_batches_run_in_the_event_loop(
    example: Example, monkeypatch: pytest.MonkeyPatch, inline_s: float, inline: bool
) -> None:
    frame, expected = golden(example)
    model = Model(example.bundles, ModelOptions(device="cpu", inline_s=inline_s))
    runtime = await model.runtimes.get(example.version)
    threads = []

    def run(self: TorchRuntime, frame: TensorFrame) -> Outputs:
        threads.append(threading.current_thread())
        return answer(self, frame)

    answer = TorchRuntime.run
    monkeypatch.setattr(TorchRuntime, "run", run)
    outputs = await model.predict(frame)

    assert (threads == [threading.current_thread()]) is inline
    assert (runtime.inline_rows >= frame.rows) is inline
    for name, values in outputs.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_precision_for_gpus_is_not_silently_another_on_cpu(example: Example, device: Any) -> None:
    with pytest.raises(RuntimeError, match="precision: bfloat16 is for GPUs"):
        Model(example.bundles, ModelOptions(device=device, precision="bfloat16"))


async def test_a_version_that_is_not_there_is_named(example: Example) -> None:
    frame, _ = golden(example)
    frame.version = "gone"

    with pytest.raises(BundleError, match="no version 'gone' of model 'store_orders'"):
        await Model(example.bundles, CPU).predict(frame)


def test_the_threads_of_a_forward_pass_are_those_configured(example: Example) -> None:
    Model(example.bundles, ModelOptions(device="cpu", threads=2))
    assert torch.get_num_threads() == 2

    Model(example.bundles, CPU)
    assert torch.get_num_threads() == 1
