"""The draft of preprocess.yaml: each is a spec, and says what does not fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from deployments.model.backends.base import TensorSpec
from deployments.preprocess.spec import PreprocessSpec
from training.bundling.init.columns import Columns
from training.bundling.init.matching import matched
from training.bundling.init.preprocess import preprocess_text


def drafted(
    columns: Columns,
    inputs: Sequence[TensorSpec],
    given: Mapping[str, Sequence[str]] | None = None,
    *,
    learns: bool = False,
) -> tuple[Any, list[str]]:
    """The file as YAML, and what in it does not fit."""
    text, problems = written(columns, inputs, given, learns=learns)
    document = yaml.safe_load(text)
    PreprocessSpec.model_validate(document or {})
    return document, [one for one in problems if " training" not in one]


def written(
    columns: Columns,
    inputs: Sequence[TensorSpec],
    given: Mapping[str, Sequence[str]] | None = None,
    *,
    learns: bool = False,
) -> tuple[str, list[str]]:
    """The file, and all that is to be mended."""
    chosen = matched(inputs, columns, given or {})
    return preprocess_text("model.pt2", inputs, chosen, columns, learns=learns)


def scalars(*names: str) -> list[dict[str, Any]]:
    return [{"column": name, "scale": "none"} for name in names]


@pytest.mark.parametrize(
    ("inputs", "document"),
    [
        pytest.param(
            [TensorSpec("numeric", "float32", (None, 3))],
            {"numeric": scalars("buyer__orders", "buyer__share", "shop__late")},
            id="all-scalars",
        ),
        pytest.param(
            [TensorSpec("numeric", "float32", (None, 4))],
            {"inputs": {"numeric": {"tensor": {
                "column": "buyer__taste", "shape": [4], "dtype": "float32"}}}},
            id="an-array-of-this-length",
        ),
        pytest.param(
            [
                TensorSpec("orders", "int32", (None,)),
                TensorSpec("amount", "bfloat16", (None,)),
                TensorSpec("share", "float16", (None, 1)),
            ],
            {"inputs": {
                "orders": {"tensor": {"column": "buyer__orders", "dtype": "int64"}},
                "amount": {"tensor": {"column": "amount", "dtype": "float32"}},
                "share": {"numeric": scalars("buyer__share")},
            }},
            id="by-name",
        ),
        pytest.param(
            [
                TensorSpec("items", "int64", (None, None)),
                TensorSpec("items_mask", "bool", (None, None)),
                TensorSpec("items_len", "int64", (None,)),
            ],
            {"inputs": {"items": {
                "sequence": {"op": "index", "column": "buyer__history", "size": 901},
                "mask": "items_mask",
                "lengths": "items_len",
            }}},
            id="a-sequence-with-mask-and-lengths",
        ),
        pytest.param(
            [TensorSpec("history", "int64", (None, 20))],
            {"inputs": {"history": {
                "sequence": {"op": "index", "column": "buyer__history", "size": 901},
                "length": 20,
            }}},
            id="a-sequence-of-one-length",
        ),
        pytest.param(
            [TensorSpec("categorical", "int64", (None, 2))],
            {"categorical": [{"column": "buyer__city"}, {"column": "shop__city"}]},
            id="texts",
        ),
        pytest.param(
            [TensorSpec("orders", "int64", (None, 1))],
            {"inputs": {"orders": {
                "categorical": [{"column": "buyer__orders", "op": "index", "size": 42}]}}},
            id="whole-numbers-as-they-are",
        ),
    ],
)  # fmt: skip
def test_an_input_has_the_columns_of_its_name_its_type_or_its_number(
    columns: Columns, inputs: Sequence[TensorSpec], document: Any
) -> None:
    assert drafted(columns, inputs) == (document, [])


def test_sequences_of_any_length_are_as_long_as_each_other_each_with_its_mask(
    columns: Columns,
) -> None:
    inputs = [
        TensorSpec(name, dtype, (None, None))
        for name, dtype in (
            ("history", "int64"),
            ("taste", "float32"),
            ("history_mask", "bool"),
            ("taste_mask", "bool"),
        )
    ]

    document, problems = drafted(columns, inputs)

    assert not problems
    for name, one in document["inputs"].items():
        assert (one["axis"], one["mask"]) == ("length", f"{name}_mask")


def test_a_training_set_tells_which_whole_numbers_there_are(columns: Columns) -> None:
    inputs = [
        TensorSpec("orders", "int64", (None, 1)),
        TensorSpec("history", "int64", (None, None)),
    ]

    assert drafted(columns, inputs, learns=True)[0]["inputs"] == {
        "orders": {"categorical": [{"column": "buyer__orders"}]},
        "history": {"sequence": {"op": "vocabulary", "column": "buyer__history"}},
    }


def test_columns_that_are_given_go_before_all_others(columns: Columns) -> None:
    inputs = [TensorSpec("numeric", "float32", (None, 2))]

    document, problems = drafted(columns, inputs, {"numeric": ["late", "amount"]})

    assert document == {"numeric": scalars("shop__late", "amount")}
    assert not problems


def test_what_does_not_fit_is_drafted_as_far_as_it_goes_and_told(columns: Columns) -> None:
    inputs = [
        TensorSpec("numeric", "float32", (None, 9)),
        TensorSpec("image", "float32", (None, 3, 8, 8)),
    ]

    document, problems = drafted(columns, inputs)

    assert len(document["numeric"]) == 4
    assert problems == [
        "the input 'numeric' is float32 [N, 9]: it takes 9 a row, and these make 7",
        "no column fits the input 'image', float32 [N, 3, 8, 8]",
    ]


def test_what_only_training_knows_is_told(columns: Columns) -> None:
    inputs = [
        TensorSpec("orders", "int64", (None, 1)),
        TensorSpec("shop", "int64", (None, 1)),
    ]

    given = {"orders": ["buyer__orders"], "shop": ["buyer__city"]}
    problems = written(columns, inputs, given)[1]

    assert len(problems) == 2
    assert "'buyer__city' becomes what is learnt from a training set" in problems[0]
    assert "the size of 'buyer__orders' is one more than the largest number" in problems[1]
    assert written(columns, inputs, given, learns=True)[1] == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"numeric": ["lat"]}, "there is no column 'lat': there are buyer__orders, "),
        ({"numeric": ["city"]}, "there is no column 'city'"),  # of two views
        ({"numbers": ["late"]}, "the program has no input 'numbers': it has numeric"),
    ],
)
def test_a_name_that_there_is_not_is_refused(
    columns: Columns, given: Mapping[str, Sequence[str]], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        drafted(columns, [TensorSpec("numeric", "float32", (None, 1))], given)
