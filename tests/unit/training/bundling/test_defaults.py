from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from deployments.bundle.schema import ServiceSchema
from deployments.columns import column_of
from deployments.dtypes import DType
from deployments.json_cells import from_json
from tests.support.values import AT, BERLIN, VALUES
from training.bundling.defaults import defaults


def default_of(dtype: DType, cells: list[Any]) -> Any:
    schema = ServiceSchema(
        service="v1",
        entities={},
        request={},
        views={},
        on_demand={},
        columns={"shelf__x": dtype, "shelf__unread": "float64"},
    )
    found = defaults(schema, {"shelf__x": column_of(dtype, cells)})
    assert found.keys() == {"shelf__x"}
    return found["shelf__x"]


@pytest.mark.parametrize(
    ("dtype", "cells", "default"),
    [
        ("float64", [1.0, 2.0, np.nan, np.inf], 1.5),
        ("int64", [2**53 + 1, None, 2**53 + 3], 2**53 + 1),
        ("bool", [True, False, True, None], True),
        ("timestamp", [0.0, 10.0], 5.0),
        ("decimal", [Decimal("1.5"), Decimal("2.5"), Decimal("9")], "2.5"),
        ("zoned_timestamp", [BERLIN, None], f"{AT}[Europe/Berlin]"),
        ("string", ["b", "a", "b", None], "b"),
        ("string", ["b", "a", ""], ""),
        ("bytes", [b"a", b"b", b"b"], "Yg=="),
        ("array<float32, 2>", [[0.0, 1.0], [1.0, 3.0], None], [0.5, 2.0]),
        ("array<int64, 1>", [[1], [2]], [1]),
        ("array<int64>", [[1], [2]], None),
        ("set<string>", [["a"], ["a"]], None),
        ("json", [{"a": 1}], None),
    ],
)
def test_the_default_is_what_training_mostly_saw(
    dtype: DType, cells: list[Any], default: Any
) -> None:
    assert default_of(dtype, cells) == default


@pytest.mark.parametrize("dtype", VALUES)
def test_every_type_has_one_or_none(dtype: DType) -> None:
    cell = VALUES[dtype][1]

    assert from_json(dtype, default_of(dtype, [cell, cell])) in (cell, None)
    assert default_of(dtype, [None]) is None


def test_integers_as_floats_have_a_whole_default() -> None:
    assert default_of("int64", [1, 2]) == 1
