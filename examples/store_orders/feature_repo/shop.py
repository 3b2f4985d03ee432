"""The features of a shop order, as Feast sees them.

Unlike the flights, the keys are integers, one view is asked for the buyer and for the recipient,
one never expires, and two are computed on demand from the order itself.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp

# Feast's DuckDB engine resolves a relative path against the working directory, not the repo.
DATA = Path(__file__).resolve().parents[1] / "data"


def table(name: str) -> FileSource:
    """The parquet file that holds the whole history of a view."""
    return FileSource(
        name=name, path=str(DATA / f"{name}.parquet"), timestamp_field="event_timestamp"
    )


customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.INT64)
store = Entity(name="store", join_keys=["store_id"], value_type=ValueType.INT32)
product = Entity(name="product", join_keys=["product_id"], value_type=ValueType.INT64)

customer_recent = FeatureView(
    name="customer_recent",
    description="What the customer did of late; every week in which there was something",
    entities=[customer],
    ttl=timedelta(days=14),
    schema=[
        Field(name="customer_id", dtype=Int64),
        Field(name="orders_30d", dtype=Int64),
        Field(name="returned_share", dtype=Float64),
        Field(name="last_order_at", dtype=UnixTimestamp),
        Field(name="favourite", dtype=String),
        Field(name="member", dtype=Bool),
    ],
    source=table("customer_recent"),
)

store_recent = FeatureView(
    name="store_recent",
    description="How the store works; every day",
    entities=[store],
    ttl=timedelta(days=2),
    schema=[
        Field(name="store_id", dtype=Int32),
        Field(name="orders_30d", dtype=Int64),
        Field(name="late_share", dtype=Float64),
    ],
    source=table("store_recent"),
)

shelf = FeatureView(
    name="shelf",
    description="The product on the shelf of the store; every week",
    entities=[store, product],
    ttl=timedelta(days=14),
    schema=[
        Field(name="store_id", dtype=Int32),
        Field(name="product_id", dtype=Int64),
        Field(name="stock", dtype=Int32),
        Field(name="price", dtype=Float64),
    ],
    source=table("shelf"),
)

catalogue = FeatureView(
    name="catalogue",
    description="The product itself, which does not age",
    entities=[product],
    ttl=timedelta(0),
    schema=[
        Field(name="product_id", dtype=Int64),
        Field(name="category", dtype=String),
        Field(name="weight_kg", dtype=Float32),
    ],
    source=table("catalogue"),
)

order = RequestSource(
    name="order",
    schema=[
        Field(name="quantity", dtype=Int64),
        Field(name="placed_at", dtype=UnixTimestamp),
    ],
)


@on_demand_feature_view(
    sources=[shelf, customer_recent, order],
    schema=[
        Field(name="amount", dtype=Float64),
        Field(name="in_stock", dtype=Bool),
        Field(name="days_since_last_order", dtype=Float64),
    ],
    mode="python",
)
def basket(inputs: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What the order costs, whether the shelf covers it, and how long the buyer was away."""
    amount, in_stock, days = [], [], []
    for quantity, price, stock in zip(
        inputs["quantity"], inputs["price"], inputs["stock"], strict=True
    ):
        amount.append(None if price is None else price * quantity)
        in_stock.append(None if stock is None else stock >= quantity)
    for placed_at, last_order_at in zip(inputs["placed_at"], inputs["last_order_at"], strict=True):
        away = None if last_order_at is None else placed_at - last_order_at
        days.append(None if away is None else away.total_seconds() / 86400)
    return {"amount": amount, "in_stock": in_stock, "days_since_last_order": days}


@on_demand_feature_view(
    sources=[catalogue, order],
    schema=[Field(name="total_kg", dtype=Float64), Field(name="size", dtype=String)],
    mode="pandas",
)
def parcel(inputs: pd.DataFrame) -> pd.DataFrame:
    """What has to be carried."""
    weight = inputs["catalogue__weight_kg"].astype("float64") * inputs["quantity"]
    size = pd.cut(weight, [0, 2, 10, 1e9], labels=["letter", "box", "pallet"])
    return pd.DataFrame({"total_kg": weight, "size": size.astype(object)})


order_v1 = FeatureService(
    name="order_v1",
    description="What is known of an order when it is placed",
    features=[
        customer_recent[["orders_30d", "returned_share", "favourite", "member"]].with_name("buyer"),
        customer_recent[["orders_30d", "last_order_at"]]
        .with_name("recipient")
        .with_join_key_map({"customer_id": "recipient_id"}),
        store_recent,
        shelf,
        catalogue,
        basket,
        parcel,
    ],
)
