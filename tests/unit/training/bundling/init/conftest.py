from typing import Any

import pytest

from deployments.bundle.schema import ServiceSchema
from deployments.columns import column_of
from deployments.dtypes import DType
from training.bundling.init.columns import Columns

FEATURES: dict[str, DType] = {
    "buyer__orders": "int64",
    "buyer__share": "float64",
    "buyer__city": "string",
    "buyer__taste": "array<float32>",
    "buyer__history": "array<int64>",
    "buyer__profile": "struct<age: int64>",
    "shop__late": "float64",
    "shop__city": "string",
}


@pytest.fixture
def columns() -> Columns:
    """Of a service whose arrays of taste are all as long, and those of history are not."""
    schema = ServiceSchema(
        service="orders_v1",
        entities={"buyer_id": "int64", "shop_id": "int64"},
        request={"amount": "float64"},
        views={},
        on_demand={},
        columns=FEATURES,
    )
    cells: dict[str, list[Any]] = {
        "buyer__orders": [3, None, 41],
        "buyer__taste": [[0.1, 0.2, 0.3, 0.4], None, [0.0, 0.0, 0.0, 1.0]],
        "buyer__history": [[7, 12], [], [900]],
    }
    return Columns(schema, {name: column_of(FEATURES[name], one) for name, one in cells.items()})
