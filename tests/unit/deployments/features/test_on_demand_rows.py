"""On-demand views that cannot be computed for some rows, or that answer what no column takes."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from feast import Field, RequestSource
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Bool, Float64, Int64, String

from deployments.columns import Column, column_of
from deployments.dtypes import DType
from deployments.features.on_demand import compute_rows
from deployments.features.plan import OnDemandView
from deployments.frames import Failure, Failures
from deployments.stage.isolation import Isolation

REQUEST: dict[str, DType] = {
    "quantity": "int64",
    "price": "float64",
    "gift": "bool",
    "note": "string",
}
ORDER = RequestSource(
    name="order",
    schema=[
        Field(name="quantity", dtype=Int64),
        Field(name="price", dtype=Float64),
        Field(name="gift", dtype=Bool),
        Field(name="note", dtype=String),
    ],
)
ONE_BY_ONE = {"mode": "python", "singleton": True}


def orders(**columns: list[Any]) -> dict[str, Column]:
    """Orders with these values; what is not given is 1, 0.5, True and "plain" in each."""
    rows = len(next(iter(columns.values())))
    plain = {"quantity": 1, "price": 0.5, "gift": True, "note": "plain"}
    given = {name: columns.get(name, [value] * rows) for name, value in plain.items()}
    return {name: column_of(REQUEST[name], values) for name, values in given.items()}


def computed(
    function: Callable[[Any], Any], given: dict[str, Column], dtype: DType, **options: Any
) -> tuple[list[Any], Failures]:
    """The feature ``out`` of a view with this function, and the rows that failed."""
    function.__module__ = __name__  # Feast makes it __main__, and then looks for it there
    types = {"string": String, "float64": Float64}
    schema = [Field(name="out", dtype=types[dtype])]
    made = on_demand_feature_view(sources=[ORDER], schema=schema, name="tax", **options)(function)
    view = OnDemandView("tax", made, {}, {"out": dtype})
    columns, failed = compute_rows(view, given, REQUEST, Isolation("features"))
    (column,) = columns.values()
    return [None if value != value else value for value in column.tolist()], failed


def amounts(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": [p * q for p, q in zip(inputs["price"], inputs["quantity"], strict=True)]}


def amount(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": inputs["price"] * inputs["quantity"]}


def whole_amounts(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"out": inputs["price"].astype(int) * inputs["quantity"]})


@pytest.mark.parametrize(
    ("function", "options", "kind"),
    [
        (amounts, {"mode": "python"}, "TypeError"),
        (amount, ONE_BY_ONE, "TypeError"),
        (whole_amounts, {"mode": "pandas"}, "IntCastingNaNError"),
    ],
    ids=["python", "singleton", "pandas"],
)
def test_a_missing_value_fails_the_row_that_it_is_missing_in(
    function: Callable[[Any], Any], options: dict[str, Any], kind: str
) -> None:
    given = orders(price=[2.0, None, 3.0, None], quantity=[1, 1, 2, 2])

    out, failed = computed(function, given, "float64", **options)

    assert out == [2.0, None, 6.0, None]
    assert failed == dict.fromkeys(
        (1, 3), Failure(f"on-demand view 'tax' failed for this row: {kind}")
    )


def dropping(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"out": inputs["price"].dropna()})


def doubling(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": [p for p in inputs["price"] for _ in range(1 if p is not None else 2)]}


def forgetting(inputs: dict[str, Any]) -> dict[str, Any]:
    return {} if inputs["price"] is None else {"out": 1.0}


def listing(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": [[1.0, 2.0] if p is None else 1.0 for p in inputs["price"]]}


def naming(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": ["none" if p is None else 1.0 for p in inputs["price"]]}


def growing(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": [10**400 if p is None else 1 for p in inputs["price"]]}


def mixing(inputs: pd.DataFrame) -> pd.DataFrame:
    out = inputs["price"].astype(object).where(inputs["price"].notna(), "none")
    return pd.DataFrame({"out": out})


def leaving(inputs: dict[str, Any]) -> dict[str, Any]:
    if inputs["price"] is None:
        raise SystemExit(1)
    return {"out": 1.0}


def stopping(inputs: dict[str, Any]) -> dict[str, Any]:
    if inputs["price"] is None:
        raise StopIteration
    return {"out": 1.0}


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (dropping, {"mode": "pandas"}),
        (doubling, {"mode": "python"}),
        (forgetting, ONE_BY_ONE),
        (listing, {"mode": "python"}),
        (naming, {"mode": "python"}),
        (growing, {"mode": "python"}),
        (mixing, {"mode": "pandas"}),
        (leaving, ONE_BY_ONE),
        (stopping, ONE_BY_ONE),
    ],
)
def test_an_answer_that_no_column_takes_is_its_rows_alone(
    function: Callable[[Any], Any], options: dict[str, Any]
) -> None:
    out, failed = computed(function, orders(price=[1.0, None, 1.0]), "float64", **options)

    assert out == [1.0, None, 1.0]
    assert list(failed) == [1]


def torn(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": ["\ud83d" if p is None else "whole" for p in inputs["price"]]}


def test_text_that_is_half_a_character_is_its_rows_alone() -> None:
    out, failed = computed(torn, orders(price=[1.0, None]), "string", mode="python")

    assert out == ["whole", None]
    assert list(failed) == [1]


def lettered(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"out": "ab"}


def test_text_is_not_taken_for_a_value_in_each_row() -> None:
    out, failed = computed(lettered, orders(price=[1.0, 2.0]), "string", mode="python")

    assert out == [None, None]
    assert list(failed) == [0, 1]


def labelled(inputs: pd.DataFrame) -> pd.DataFrame:
    numbers, gifts = inputs["quantity"].astype(str), inputs["gift"].astype(str)
    return pd.DataFrame({"out": numbers + "/" + gifts})


def test_what_one_row_misses_changes_the_types_of_no_other() -> None:
    quantity, gift = [3, None, 4, 5, None], [True, True, None, False, None]

    together, failed = computed(
        labelled, orders(quantity=quantity, gift=gift), "string", mode="pandas"
    )

    alone = [
        computed(labelled, orders(quantity=[q], gift=[g]), "string", mode="pandas")[0][0]
        for q, g in zip(quantity, gift, strict=True)
    ]
    assert together == alone
    assert (together[0], together[3]) == ("3/True", "5/False")
    assert not failed


def test_a_view_that_works_for_single_rows_alone_answers_them() -> None:
    def first(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"out": inputs["price"][:1]}

    out, failed = computed(first, orders(price=[1.0, 2.0, 3.0]), "float64", mode="python")

    assert (out, failed) == ([1.0, 2.0, 3.0], {})


def test_where_every_row_fails_the_column_is_still_there() -> None:
    out, failed = computed(amount, orders(price=[None] * 20), "float64", **ONE_BY_ONE)

    assert out == [None] * 20
    assert len(failed) == 20
