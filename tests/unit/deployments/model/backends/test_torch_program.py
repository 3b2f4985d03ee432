import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deployments.model.backends.torch_program import Program
from tests.unit.deployments.model.backends.programs import exported, tensors, totals

CPU = torch.device("cpu")


class Scaled(nn.Module):
    """Sums a row and scales it: with a parameter, a buffer, one that is not saved as state, and a
    constant."""

    factor: Tensor
    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.register_buffer("factor", torch.tensor(2.0))
        self.register_buffer("offset", torch.tensor(1.0), persistent=False)
        self.constant = torch.tensor(5.0)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        total = numeric.sum(1) + categorical.sum(1)
        return total * self.scale * self.factor + self.offset + self.constant


class Counts(nn.Module):
    """Counts its calls in a buffer."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.tensor(0.0))

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        self.calls += 1
        return numeric.sum(1) + self.calls


class Layers(nn.Module):
    """What autocast computes in bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.layers = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 1), nn.Sigmoid())

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        answer: Tensor = self.layers(numeric / 10)
        return answer


def answered(program: Program, rows: int) -> list[np.ndarray]:
    frame = tensors(rows)
    with torch.inference_mode():
        answers = program(program.inputs.tensors(frame))
    return [answer.float().numpy() for answer in answers]


@pytest.mark.parametrize("rows", [1, 7])
def test_weights_of_every_kind_are_bound(rows: int) -> None:
    (answer,) = answered(Program(exported(Scaled()), ["answer"], tensors(1), CPU), rows)

    np.testing.assert_array_equal(answer, totals(rows) * 6 + 6)


# torch's own use of what it has deprecated
@pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.:FutureWarning")
@pytest.mark.parametrize("decomposed", [True, False])
def test_a_program_that_writes_to_its_buffers_keeps_doing_so(decomposed: bool) -> None:
    written = exported(Counts())
    if decomposed:
        written = written.run_decompositions({})
    program = Program(written, ["answer"], tensors(1), CPU)

    first, second = (answered(program, 2)[0] for _ in range(2))

    np.testing.assert_array_equal(second, first + 1)


def test_bfloat16_is_close_but_not_the_same() -> None:
    layers = Layers()
    (exact,) = answered(Program(exported(layers), ["answer"], tensors(1), CPU), 50)
    (rounded,) = answered(Program(exported(layers), ["answer"], tensors(1), CPU, "bfloat16"), 50)

    assert 1e-5 < np.abs(rounded - exact).max() < 0.02
