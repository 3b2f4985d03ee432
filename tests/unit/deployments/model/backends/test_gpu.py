"""What only a GPU can show; the rest of the GPU's code is tested without one in test_cuda.py."""

import asyncio
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.bundle.bundle import Bundle
from deployments.frames import TensorFrame
from deployments.model.backends.cuda import CudaRuntime
from deployments.model.backends.load import load
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.backends.torch_export import pick_device, read
from deployments.model.backends.torch_program import Program
from deployments.model.golden_rows import golden_frame, prove, repeated
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from tests.support.example import Example
from tests.unit.deployments.model.backends.programs import Sums, exported, tensors, totals

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU"),
]
SIZES = [1, 2, 3, 31, 64, 65, 200, 1024, 1500]


class Peeks(nn.Module):
    """Has a tensor whose size only the GPU knows, so that the host waits: no graph can hold it."""

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        return numeric.sum(1) + torch.nonzero(numeric).sum() * 0


@pytest.fixture
def bundle(example: Example) -> Bundle:
    return example.bundle


@pytest.fixture
def gpu() -> torch.device:
    return pick_device("cuda")


def test_the_plain_runtime_answers_what_the_cpu_does(bundle: Bundle, gpu: torch.device) -> None:
    names = [output.name for output in bundle.manifest.outputs]
    program = Program(read(bundle.program, gpu), names, golden_frame(bundle)[0], gpu)
    plain = TorchRuntime(program, gpu)

    prove(bundle, plain.run, sizes=SIZES)


@pytest.mark.parametrize("graphs", ["on", "off"])
def test_answers_are_the_cpus_at_every_size(bundle: Bundle, graphs: Any) -> None:
    runtime = load(bundle, ModelOptions(device="cuda", cuda_graphs=graphs))

    prove(bundle, runtime.run, sizes=[*SIZES, *reversed(SIZES)])


def test_bfloat16_stays_within_its_tolerance(bundle: Bundle) -> None:
    runtime = load(bundle, ModelOptions(device="cuda", precision="bfloat16"))

    assert 0 < prove(bundle, runtime.run, "bfloat16", SIZES) <= 0.02


def test_outputs_of_all_shapes_come_back(gpu: torch.device) -> None:
    program = Program(exported(Sums()), ["flat", "column", "pair"], tensors(5), gpu)
    runtime = CudaRuntime(program, tensors(5), gpu, "on", 16)

    for rows in (1, 5, 16, 17):
        outputs = runtime.run(tensors(rows))
        np.testing.assert_array_equal(outputs["flat"], totals(rows))
        np.testing.assert_array_equal(outputs["column"], totals(rows))
        np.testing.assert_array_equal(outputs["pair"], np.stack([totals(rows), -totals(rows)], 1))


def test_a_program_that_cannot_be_captured_is_run_without_a_graph(gpu: torch.device) -> None:
    program = Program(exported(Peeks()), ["sum"], tensors(5), gpu)

    runtime = CudaRuntime(program, tensors(5), gpu, "auto", 16)

    assert not runtime.sizes
    np.testing.assert_array_equal(
        runtime.run(tensors(3))["sum"], tensors(3).inputs["numeric"].sum(1)
    )


async def test_a_version_is_captured_while_another_serves(example: Example) -> None:
    model = ModelStage(example.bundles, ModelOptions(device="cuda", cuda_graphs="on"))
    frame, expected = golden_frame(example.bundle)
    frame = TensorFrame(example.id, frame.inputs)
    await model.predict(frame)

    loading = asyncio.create_task(asyncio.to_thread(model._load, example.id))
    served = 0
    while not loading.done():
        outputs = (await model.predict(frame)).outputs
        served += 1
        for name, values in expected.items():
            np.testing.assert_allclose(outputs[name], values, atol=1e-5)

    prove(example.bundle, (await loading).run)
    assert served > 1
    await model.predict(repeated(frame, 3))
