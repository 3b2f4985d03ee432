import pytest
import torch

from training.flights.fit import fit_member, soften, weights_sha256
from training.flights.network import KNOTS, Ensemble, Hinges, Member, for_serving

ROWS, CARDINALITIES = 2_048, [4, 3]


@pytest.fixture
def numeric() -> torch.Tensor:
    return torch.randn(ROWS, 5, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def categorical() -> torch.Tensor:
    return torch.stack([torch.arange(ROWS) % size for size in CARDINALITIES], dim=1)


@pytest.fixture
def ensemble() -> Ensemble:
    torch.manual_seed(0)
    hinges = Hinges(range(4))
    return Ensemble(hinges, [Member(hinges.width(5), CARDINALITIES) for _ in range(2)]).eval()


def test_hinges_grow_from_knot_to_knot() -> None:
    hinges = Hinges([0])

    low, high = hinges(torch.tensor([[-9.0, 7.0], [9.0, 7.0]]))

    assert low.tolist() == [-9.0, 7.0] + [0.0] * KNOTS
    assert high.tolist() == [9.0, 7.0] + [1.0] * KNOTS


def test_categories_of_different_columns_do_not_share_an_embedding(ensemble: Ensemble) -> None:
    numeric = torch.zeros(2, 5)

    first, second = ensemble(numeric, torch.tensor([[1, 0], [0, 1]]))

    assert first != second


def test_a_row_does_not_depend_on_its_batch(
    ensemble: Ensemble, numeric: torch.Tensor, categorical: torch.Tensor
) -> None:
    together = ensemble(numeric[:64], categorical[:64])
    alone = torch.cat([ensemble(numeric[i : i + 1], categorical[i : i + 1]) for i in range(64)])

    torch.testing.assert_close(together, alone)


def test_calibration_acts_on_the_mean_logit(
    ensemble: Ensemble, numeric: torch.Tensor, categorical: torch.Tensor
) -> None:
    logits = ensemble.logits(numeric, categorical)
    ensemble.calibrate(2.0, -1.0)

    torch.testing.assert_close(ensemble(numeric, categorical), torch.sigmoid(2 * logits - 1))


def test_the_program_exports_with_any_number_of_rows(
    ensemble: Ensemble, numeric: torch.Tensor, categorical: torch.Tensor
) -> None:
    rows = torch.export.Dim("rows", min=1)
    program = torch.export.export(
        ensemble, (numeric[:2], categorical[:2]), dynamic_shapes=({0: rows}, {0: rows})
    )

    for count in (1, 7, 64):
        torch.testing.assert_close(
            program.module()(numeric[:count], categorical[:count]),
            ensemble(numeric[:count], categorical[:count]),
        )


def test_training_is_repeatable_and_learns(
    numeric: torch.Tensor, categorical: torch.Tensor
) -> None:
    late = (numeric[:, 0] > 0).double().numpy()

    def trained(seed: int) -> Member:
        inputs = (numeric.numpy(), categorical.numpy())
        return fit_member(hinges, inputs, soften(late, late), CARDINALITIES, seed)

    hinges = Hinges(range(5))
    once, again, other = trained(1), trained(1), trained(2)

    assert weights_sha256(once) == weights_sha256(again)
    assert weights_sha256(once) != weights_sha256(other)
    guesses = once(hinges(numeric), categorical) > 0
    assert (guesses.numpy() == late.astype(bool)).mean() > 0.9


def test_for_serving_it_answers_the_same_with_fewer_steps(
    ensemble: Ensemble, numeric: torch.Tensor, categorical: torch.Tensor
) -> None:
    ensemble.train()
    ensemble(numeric, categorical)  # so that batch norms hold more than their first values
    ensemble.eval()

    served = for_serving(ensemble)

    torch.testing.assert_close(
        served(numeric, categorical), ensemble(numeric, categorical), atol=1e-6, rtol=1e-5
    )
    steps = {type(module).__name__ for module in served.modules()}
    assert not steps & {"Dropout", "BatchNorm1d"}
    assert {type(module).__name__ for module in ensemble.modules()} >= {"Dropout", "BatchNorm1d"}
