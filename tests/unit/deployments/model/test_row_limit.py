"""A program that was exported for a few rows, behind stages and replicas that merge many."""

import json
import shutil

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.bundle.bundle import GOLDEN, MANIFEST, BundleStore, sha256
from deployments.bundle.manifest import OutputSpec
from deployments.frames import TensorFrame
from deployments.model.deployment import ModelReplica
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from tests.support.example import NAME, Example
from tests.support.manifests import PROGRAM
from tests.support.preprocessing import preprocessor_of
from tests.unit.deployments.model.test_deployment import part, run_batch

MOST = 10


class Placed(nn.Module):
    """The sum of a row, with a place of its own for each row of a batch."""

    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("places", torch.zeros(MOST))

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        total = numeric.sum(1) + categorical.sum(1)
        return total + self.places.narrow(0, 0, numeric.shape[0])


@pytest.fixture(scope="module")
def limited(example: Example, tmp_path_factory: pytest.TempPathFactory) -> BundleStore:
    """The example's bundle with such a program, of which its manifest does not tell."""
    models = tmp_path_factory.mktemp("models")
    folder = models / NAME / example.version
    shutil.copytree(example.folder, folder)
    rows = torch.export.Dim("rows", min=1, max=MOST)
    inputs = [
        torch.from_numpy(one[:4])
        for one in (tensors(example).inputs["numeric"], tensors(example).inputs["categorical"])
    ]
    torch.export.save(
        torch.export.export(Placed(), tuple(inputs), dynamic_shapes=({0: rows}, {0: rows})),
        folder / PROGRAM,
    )
    golden = json.loads((folder / GOLDEN).read_text())
    (folder / GOLDEN).write_text(
        json.dumps(golden | {"outputs": {"total": totals(tensors(example)).tolist()}})
    )
    manifest = example.manifest
    files = {name: sha256(folder / name) for name in manifest.files}
    forged = manifest.model_copy(update={"files": files, "outputs": [OutputSpec(name="total")]})
    (folder / MANIFEST).write_text(forged.model_dump_json())
    return BundleStore(models)


def tensors(example: Example) -> TensorFrame:
    """The golden rows."""
    columns = example.bundle.golden().columns
    return TensorFrame(example.id, preprocessor_of(example.bundle).transform(columns))


def totals(frame: TensorFrame) -> np.ndarray:
    found: np.ndarray = frame.inputs["numeric"].sum(1) + frame.inputs["categorical"].sum(1)
    return found


@pytest.mark.parametrize("inline_s", [60.0, 0.0], ids=["in the loop", "in the thread"])
@pytest.mark.parametrize("rows", [1, MOST, MOST + 1, 64])
async def test_a_batch_of_any_size_is_answered(
    limited: BundleStore, example: Example, rows: int, inline_s: float
) -> None:
    model = ModelStage(limited, ModelOptions(device="cpu", inline_s=inline_s))
    frame = part(tensors(example), slice(0, rows))

    predicted = await model.predict(frame)

    assert not predicted.failed
    np.testing.assert_allclose(predicted.outputs["total"], totals(frame), rtol=1e-5)


async def test_frames_of_several_callers_are_merged_beyond_the_limit_and_answered(
    limited: BundleStore, example: Example
) -> None:
    frame = tensors(example)
    parts = [slice(0, 8), slice(8, 16), slice(16, 17), slice(20, 64)]

    answers = await run_batch(
        ModelReplica(limited, NAME, ModelOptions(device="cpu")), [part(frame, one) for one in parts]
    )

    for predicted, one in zip(answers, parts, strict=True):
        np.testing.assert_allclose(predicted.outputs["total"], totals(frame)[one], rtol=1e-5)
