import asyncio
import threading

import numpy as np
import pytest

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from deployments.model_id import ModelId
from tests.support.example import NAME, Example
from tests.support.preprocessing import preprocessor_of

CPU = ModelOptions(device="cpu")


def golden(example: Example) -> tuple[TensorFrame, Outputs]:
    """The bundle's golden rows as tensors, and their answers."""
    bundle = example.bundle
    rows = bundle.golden()
    tensors = preprocessor_of(bundle).transform(rows.columns)
    return TensorFrame(example.id, tensors), rows.outputs


async def test_concurrent_batches_get_their_own_answers(example: Example) -> None:
    frame, expected = golden(example)
    model = ModelStage(example.bundles, CPU)
    cuts = [slice(0, 1), slice(3, 40), slice(0, 64), slice(63, 64)]

    answers = await asyncio.gather(*(model.predict(frame.at(cut)) for cut in cuts))

    for cut, predicted in zip(cuts, answers, strict=True):
        for name, values in predicted.outputs.items():
            np.testing.assert_allclose(values, expected[name][cut], atol=1e-5)


@pytest.mark.parametrize(("inline_s", "inline"), [(60.0, True), (0.0, False)])
async def test_only_short_batches_run_in_the_event_loop(
    example: Example, monkeypatch: pytest.MonkeyPatch, inline_s: float, inline: bool
) -> None:
    frame, expected = golden(example)
    model = ModelStage(example.bundles, ModelOptions(device="cpu", inline_s=inline_s))
    runtime = await model.runtimes.get(example.id)
    threads = []

    def run(self: TorchRuntime, frame: TensorFrame) -> Outputs:
        threads.append(threading.current_thread())
        return answer(self, frame)

    answer = TorchRuntime.run
    monkeypatch.setattr(TorchRuntime, "run", run)
    outputs = (await model.predict(frame)).outputs

    assert (threads == [threading.current_thread()]) is inline
    assert (runtime.inline_rows >= frame.rows) is inline
    for name, values in outputs.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)


async def test_a_version_that_is_not_there_is_named(example: Example) -> None:
    frame, _ = golden(example)
    frame.model = ModelId(NAME, "gone")

    with pytest.raises(BundleError, match="no version 'gone' of model 'store_orders'"):
        await ModelStage(example.bundles, CPU).predict(frame)
