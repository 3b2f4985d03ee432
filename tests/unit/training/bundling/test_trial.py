"""Programs over arrays and gaps, as `windsock bundle` tries them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from deployments.bundle.manifest import OutputSpec, PreprocessingSpec
from deployments.columns import Column, column_of
from deployments.frames import Inputs, Unseen
from deployments.model.backends.base import BACKENDS
from deployments.preprocess.base import Preprocessor
from tests.support.preprocessing import fitted
from training.bundling.export import export_program
from training.bundling.program import Answered, answers
from training.bundling.unusual import gaps, longest

DTYPES = {"history": "array<int64>", "price": "float64"}
COLUMNS: dict[str, Column] = {
    "history": column_of("array<int64>", [[1, 2, 3], [4], [5, 6], [1, 2, 3, 4, 5]]),
    "price": column_of("float64", [1.0, 2.0, 3.0, 4.0]),
}
HISTORY = {"sequence": {"column": "history", "op": "vocabulary"}, "mask": "mask"}
PRICE = {"numeric": [{"column": "price", "scale": "none"}], "squeeze": True}

Make = Callable[[Tensor, Tensor, Tensor], Any]


class Shopper(nn.Module):
    def __init__(self, make: Make) -> None:
        super().__init__()
        self.make = make

    def forward(self, *, items: Tensor, mask: Tensor, price: Tensor) -> Any:
        return self.make(items, mask, price)


def tried(
    folder: Path, module: nn.Module, preprocessor: Preprocessor, *, never: tuple[str, ...] = ()
) -> Answered:
    inputs = preprocessor.transform(COLUMNS)
    ragged = {name: "items" for name in ("items", "mask") if inputs.get(name, np.empty(0)).ndim > 1}
    program = export_program(module, inputs, folder / "model.pt2", ragged=ragged)
    read = {name: COLUMNS[name] for name in preprocessor.inputs}
    return answers(
        BACKENDS["pytorch_export"],
        program,
        preprocessor,
        COLUMNS,
        [OutputSpec(name="score")],
        gaps=gaps(read, DTYPES, never),
        longest=longest(read, DTYPES, {}),
    )


def shopper(folder: Path, make: Make, *, never: tuple[str, ...] = (), **history: Any) -> Answered:
    preprocessor = fitted(COLUMNS, inputs={"items": HISTORY | history, "price": PRICE})
    return tried(folder, Shopper(make), preprocessor, never=never)


def total(items: Tensor, mask: Tensor, price: Tensor) -> Tensor:
    return (items * mask).sum(1) * price


def mean(items: Tensor, mask: Tensor, price: Tensor) -> Tensor:
    return total(items, mask, price) / mask.sum(1)


def test_a_program_that_masks_what_is_padded_is_taken(tmp_path: Path) -> None:
    found, max_rows, warnings, _ = shopper(tmp_path, total)

    assert found["score"].tolist() == [6, 8, 33, 60]
    assert (max_rows, warnings) == (None, [])


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    found = shopper(tmp_path, lambda items, mask, _: (items * mask).amax(1)).outputs

    assert found["score"].dtype == np.int64
    assert found["score"].tolist() == [3, 4, 6, 5]


def test_the_mean_of_no_items_is_found(tmp_path: Path) -> None:
    problem = "output 'score' is not finite for a row in which 'history' is "
    with pytest.raises(ValueError, match=problem + "missing"):
        shopper(tmp_path, mean)
    with pytest.raises(ValueError, match=problem + "empty"):
        shopper(tmp_path, mean, never=("history",))


@pytest.mark.parametrize(
    ("make", "history"),
    [
        (lambda items, _, price: items.float().mean(1) * price, {}),
        (lambda items, _, price: items[:, -1] * price, {}),
        (lambda items, _, price: items[:, -1] * price, {"pad": "left"}),
    ],
    ids=["mean", "last", "last, padded left"],
)
def test_an_answer_that_rests_on_padding_is_found(
    tmp_path: Path, make: Make, history: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"beside longer rows, .* put behind 'items' and 'mask'"):
        shopper(tmp_path, make, **history)


def test_rows_of_one_length_may_be_read_from_their_end(tmp_path: Path) -> None:
    preprocessor = fitted(
        COLUMNS, inputs={"items": {**HISTORY, "length": 4, "pad": "left"}, "price": PRICE}
    )

    class Last(nn.Module):
        def forward(self, items: Tensor, mask: Tensor, price: Tensor) -> Tensor:
            return items[:, -1]

    inputs = preprocessor.transform(COLUMNS)
    program = export_program(Last(), inputs, tmp_path / "model.pt2")

    found = answers(
        BACKENDS["pytorch_export"], program, preprocessor, COLUMNS, [OutputSpec(name="score")]
    )
    assert found.outputs["score"].tolist() == [3, 4, 6, 4]


def test_an_embedding_of_elements_shorter_than_their_vocabulary_is_found(tmp_path: Path) -> None:
    table = nn.Embedding(6, 1)

    with pytest.raises(ValueError, match=r"at index 6 of 'history' in 'items', which has 7: index"):
        shopper(tmp_path, lambda items, mask, price: (table(items)[:, :, 0] * mask).sum(1))


def test_a_row_longer_than_the_program_takes_is_found(tmp_path: Path) -> None:
    places = nn.Parameter(nn.Embedding(100, 1).weight[:, 0].detach())

    def placed(items: Tensor, mask: Tensor, price: Tensor) -> Tensor:
        return (mask * places[mask.cumsum(1) - 1]).sum(1)

    with pytest.raises(
        ValueError, match="fails at a row in which 'history' has 4096 elements: ind"
    ):
        shopper(tmp_path, placed)

    shopper(tmp_path, placed, max_length=100)


class OfItsOwn(Preprocessor):
    """What a user may write: ``prepare`` makes an input of the prices."""

    def __init__(self, prepare: Callable[[Column], Column]) -> None:
        self._prepare = prepare

    @property
    def inputs(self) -> list[str]:
        return ["price"]

    def inspect(self, columns: Mapping[str, Column]) -> tuple[Inputs, Unseen]:
        return {"price": self._prepare(columns["price"]).astype(np.float32)}, {}

    @property
    def manifest(self) -> PreprocessingSpec:
        return PreprocessingSpec(kind="python", import_path="mine:OfItsOwn")

    def files(self) -> dict[str, bytes]:
        return {}


class Doubled(nn.Module):
    def forward(self, price: Tensor) -> Tensor:
        return price * 2


def test_preprocessing_that_looks_at_other_rows_is_found(tmp_path: Path) -> None:
    centred = OfItsOwn(lambda price: price - price.mean())

    with pytest.raises(ValueError, match="makes another 'price' of a row alone than among 4"):
        tried(tmp_path, Doubled(), centred, never=("price",))


def test_preprocessing_may_refuse_a_gap_and_says_so(tmp_path: Path) -> None:
    def known(price: Column) -> Column:
        if np.isnan(price).any():
            raise ValueError("a price is needed")
        return price

    found = tried(tmp_path, Doubled(), OfItsOwn(known))

    assert found.outputs["score"].tolist() == [2, 4, 6, 8]
    assert found.warnings == [
        "a row in which 'price' is missing is answered with an error, since preprocessing fails "
        "for it: a price is needed"
    ]


def test_a_gap_that_makes_an_answer_of_none_is_found(tmp_path: Path) -> None:
    problem = "output 'score' is not finite for a row in which 'price' is missing"
    with pytest.raises(ValueError, match=problem):
        tried(tmp_path, Doubled(), OfItsOwn(lambda price: price))
