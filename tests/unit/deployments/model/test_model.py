import asyncio

import numpy as np
import pytest
import torch

from deployments.bundle.bundle import BundleError
from deployments.frames import Outputs, TensorFrame
from deployments.model.model import Model
from tests.support.example import Example


def golden(example: Example) -> tuple[TensorFrame, Outputs]:
    """The bundle's golden rows as tensors, and their answers."""
    bundle = example.bundles.open(example.version)
    rows = bundle.golden()
    tensors = bundle.preprocessor().transform(rows.columns)
    return TensorFrame(example.version, *tensors), rows.outputs


async def test_concurrent_batches_get_their_own_answers(example: Example) -> None:
    frame, expected = golden(example)
    model = Model(example.bundles, "cpu")
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


async def test_a_version_that_is_not_there_is_named(example: Example) -> None:
    frame, _ = golden(example)
    frame.version = "gone"

    with pytest.raises(BundleError, match="no version 'gone' of model 'store_orders'"):
        await Model(example.bundles, "cpu").predict(frame)


def test_the_threads_of_a_forward_pass_are_those_configured(example: Example) -> None:
    Model(example.bundles, "cpu", threads=2)
    assert torch.get_num_threads() == 2

    Model(example.bundles, "cpu", threads=1)
    assert torch.get_num_threads() == 1
