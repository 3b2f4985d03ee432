from typing import Any

import pytest
import torch
from torch import Tensor, nn

from deployments.model.backends.training_mode import refuse_training_mode

# Torch's own, of its LSTM and of what it has deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.:FutureWarning"),
]


class Layer(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Any:
        return self.layer(x)


def exported(module: nn.Module, *, training: bool) -> torch.export.ExportedProgram:
    rows = torch.export.Dim("rows", min=2)
    example = (torch.zeros(4, 3, 8),)
    return torch.export.export(module.train(training), example, dynamic_shapes=({0: rows},))


LAYERS = {
    "dropout": nn.Dropout(0.5),
    "norm": nn.BatchNorm1d(3),
    "recurrent": nn.LSTM(8, 4, num_layers=2, dropout=0.1, batch_first=True),
    "attention": nn.TransformerEncoderLayer(8, 2, dropout=0.1, batch_first=True),
}
NAMES = {
    "dropout": "Dropout 'layer'",
    "norm": "BatchNorm1d 'layer'",
    "recurrent": "LSTM 'layer'",
    "attention": "MultiheadAttention 'layer.self_attn'",
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_in_training_mode_is_named(name: str) -> None:
    program = exported(Layer(LAYERS[name]), training=True)

    with pytest.raises(ValueError, match=rf"in training mode \({NAMES[name]}\): call module.eval"):
        refuse_training_mode(program)


def test_a_decomposed_program_is_known_as_well() -> None:
    program = exported(Layer(LAYERS["dropout"]), training=True).run_decompositions()

    with pytest.raises(ValueError, match="was exported in training mode"):
        refuse_training_mode(program)


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_in_eval_mode_is_taken(name: str) -> None:
    refuse_training_mode(exported(Layer(LAYERS[name]), training=False))


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.0), nn.LSTM(8, 4, batch_first=True), nn.Linear(8, 2)]
)
def test_what_is_the_same_in_both_modes_is_taken(layer: nn.Module) -> None:
    refuse_training_mode(exported(Layer(layer), training=True))
