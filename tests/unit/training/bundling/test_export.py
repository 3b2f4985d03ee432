from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.bundle.manifest import OutputSpec
from deployments.frames import TensorFrame
from deployments.model.backends.base import BACKENDS, Signature, TensorSpec
from deployments.model.options import ModelOptions
from tests.support.manifests import PARCELS
from training.bundling.export import export_program

TORCH = BACKENDS["pytorch_export"]


class Basket(nn.Module):
    """What a customer spends on some items: of those that the mask says are there."""

    def forward(self, *, items: Tensor, items_mask: Tensor, price: Tensor) -> dict[str, Tensor]:
        spent = (items * items_mask).sum(1) * price
        return {
            "count": items_mask.sum(1),
            "spent": spent.unsqueeze(1),
            "pair": spent[:, None, None].expand(-1, 2, 3),
        }


def inputs(*lengths: int) -> dict[str, Any]:
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    return {
        "items": mask.astype(np.int64) * 2,
        "items_mask": mask,
        "price": np.arange(1, len(lengths) + 1, dtype=np.float32),
    }


@pytest.fixture
def program(tmp_path: Path) -> Path:
    ragged = {"items": "items", "items_mask": "items"}
    return export_program(Basket(), inputs(1), tmp_path / "model.pt2", ragged=ragged)


@pytest.mark.parametrize("lengths", [(1,), (3, 0, 5), (0, 0)])
def test_a_module_is_exported_with_its_inputs_by_name(
    program: Path, lengths: tuple[int, ...]
) -> None:
    frame = TensorFrame(PARCELS, inputs(*lengths))
    outputs = [OutputSpec(name=name) for name in ("spent", "count", "pair")]

    answers = TORCH.load(program, outputs, frame, ModelOptions(device="cpu")).run(frame)

    assert answers["count"].tolist() == list(lengths)
    assert answers["spent"].tolist() == [2 * n * place for place, n in enumerate(lengths, 1)]
    assert answers["count"].dtype == np.int64
    assert answers["pair"].shape == (len(lengths), 2, 3)


def test_a_program_says_what_it_takes_and_answers(program: Path) -> None:
    assert TORCH.signature(program) == Signature(
        inputs=[
            TensorSpec("items", "int64", (None, None)),
            TensorSpec("items_mask", "bool", (None, None)),
            TensorSpec("price", "float32", (None,)),
        ],
        outputs=[
            TensorSpec("count", "int64", (None,)),
            TensorSpec("spent", "float32", (None,)),
            TensorSpec("pair", "float32", (None, 2, 3)),
        ],
        max_rows=None,
    )


def test_outputs_without_names_are_called_by_their_order(tmp_path: Path) -> None:
    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x.to(torch.bfloat16), x > 0

    path = export_program(Pair(), {"x": np.zeros((1, 4), np.float32)}, tmp_path / "model.pt2")

    assert TORCH.signature(path).outputs == [
        TensorSpec("output_0", "float32", (None, 4)),
        TensorSpec("output_1", "bool", (None, 4)),
    ]
