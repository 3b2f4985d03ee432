import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Field, RequestSource
from feast.on_demand_feature_view import OnDemandFeatureView, on_demand_feature_view
from feast.types import Bool, Float64, Int64, String, UnixTimestamp

from deployments.columns import Column, column_of
from deployments.dtypes import DType
from deployments.features.on_demand import compute
from deployments.features.plan import OnDemandView

REQUEST: dict[str, DType] = {
    "quantity": "int64",
    "price": "float64",
    "gift": "bool",
    "placed_at": "timestamp",
    "note": "string",
}
PLACED = datetime(2024, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ORDER = RequestSource(
    name="order",
    schema=[
        Field(name="quantity", dtype=Int64),
        Field(name="price", dtype=Float64),
        Field(name="gift", dtype=Bool),
        Field(name="placed_at", dtype=UnixTimestamp),
        Field(name="note", dtype=String),
    ],
)


def columns() -> dict[str, Column]:
    """An order, and one in which everything is missing."""
    return {
        "quantity": column_of("int64", [3, None]),
        "price": column_of("float64", [2.5, None]),
        "gift": column_of("bool", [True, None]),
        "placed_at": column_of("timestamp", [PLACED.timestamp(), None]),
        "note": column_of("string", ["fragile", None]),
        "shelf__stock": column_of("int64", [7, None]),
    }


def computed(view: OnDemandFeatureView, **features: DType) -> dict[str, Column]:
    return compute(OnDemandView(view.name, view, {}, features), columns(), REQUEST)


@on_demand_feature_view(sources=[ORDER], schema=[Field(name="seen", dtype=String)], mode="python")
def witness(inputs: dict[str, Any]) -> dict[str, Any]:
    names = ("quantity", "price", "gift", "placed_at", "note")
    return {"seen": [repr(row) for row in zip(*(inputs[name] for name in names), strict=True)]}


def test_a_python_computation_is_given_plain_values_and_none() -> None:
    seen = computed(witness, seen="string")["witness__seen"]

    assert seen.tolist() == [
        repr((3, 2.5, True, PLACED, "fragile")),
        repr((None, None, None, None, None)),
    ]


@on_demand_feature_view(sources=[ORDER], schema=[Field(name="names", dtype=String)], mode="python")
def inventory(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"names": [",".join(sorted(inputs))] * len(inputs["quantity"])}


def test_a_computation_sees_nothing_but_the_request_and_its_own_inputs() -> None:
    given = "gift,note,placed_at,price,quantity"

    assert computed(inventory, names="string")["inventory__names"][0] == given

    view = OnDemandView("inventory", inventory, {"shelf__stock": "int64"}, {"names": "string"})
    names = compute(view, columns(), REQUEST)["inventory__names"]
    assert names[0] == f"{given},shelf__stock"


@on_demand_feature_view(
    sources=[ORDER],
    schema=[Field(name="amount", dtype=Float64), Field(name="shout", dtype=String)],
    mode="python",
    singleton=True,
)
def one_by_one(inputs: dict[str, Any]) -> dict[str, Any]:
    price, note = inputs["price"], inputs["note"]
    return {
        "amount": None if price is None else price * inputs["quantity"],
        "shout": None if note is None else note.upper(),
    }


def test_a_singleton_computation_is_given_one_row_at_a_time() -> None:
    answer = computed(one_by_one, amount="float64", shout="string")

    np.testing.assert_array_equal(answer["one_by_one__amount"], [7.5, np.nan])
    assert answer["one_by_one__shout"].tolist() == ["FRAGILE", None]


@on_demand_feature_view(
    sources=[ORDER],
    schema=[
        Field(name="amount", dtype=Float64),
        Field(name="day", dtype=String),
        Field(name="dispatched_at", dtype=UnixTimestamp),
        Field(name="many", dtype=Bool),
    ],
    mode="pandas",
)
def batch(inputs: pd.DataFrame) -> pd.DataFrame:
    known = inputs["quantity"].notna()
    return pd.DataFrame(
        {
            "amount": inputs["price"] * inputs["quantity"],
            "day": inputs["placed_at"].dt.day_name(),
            "dispatched_at": inputs["placed_at"] + pd.Timedelta(hours=2),
            "many": (inputs["quantity"] > 2).astype(object).where(known, None),
        }
    )


def test_a_pandas_computation_is_given_typed_columns() -> None:
    answer = computed(batch, amount="float64", day="string", dispatched_at="timestamp", many="bool")

    np.testing.assert_array_equal(answer["batch__amount"], [7.5, np.nan])
    assert answer["batch__day"].tolist() == ["Friday", None]
    np.testing.assert_array_equal(
        answer["batch__dispatched_at"], [PLACED.timestamp() + 7200, np.nan]
    )
    np.testing.assert_array_equal(answer["batch__many"], [1.0, np.nan])


def test_a_column_in_which_all_is_missing_keeps_its_type() -> None:
    missing = {name: column[1:] for name, column in columns().items()}
    view = OnDemandView("batch", batch, {}, {"amount": "float64"})

    np.testing.assert_array_equal(compute(view, missing, REQUEST)["batch__amount"], [np.nan])


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@on_demand_feature_view(
    sources=[ORDER], schema=[Field(name="at", dtype=UnixTimestamp)], mode="python"
)
def without_zone(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"at": [at and at.replace(tzinfo=None) for at in inputs["placed_at"]]}


@pytest.mark.usefixtures("far_from_utc")
def test_an_instant_without_a_zone_is_utc_wherever_the_server_stands() -> None:
    answer = computed(without_zone, at="timestamp")["without_zone__at"]

    np.testing.assert_array_equal(answer, [PLACED.timestamp(), np.nan])


@on_demand_feature_view(sources=[ORDER], schema=[Field(name="name", dtype=String)], mode="python")
def nameless(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"name": [float("nan")] * len(inputs["quantity"])}


def test_a_nan_among_strings_is_a_missing_string() -> None:
    assert computed(nameless, name="string")["nameless__name"].tolist() == [None, None]


@on_demand_feature_view(sources=[ORDER], schema=[Field(name="total", dtype=Float64)], mode="python")
def summed(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"total": [sum(quantity or 0 for quantity in inputs["quantity"])]}


def test_a_computation_that_does_not_answer_each_row_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="'summed' answers 1 values of 'total' for 2 rows"):
        computed(summed, total="float64")
