"""When a served value is the one that training would have had."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from app.observability.skew.equality import same
from deployments.dtypes import type_of

RELATIVE = 1e-6
AT = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dtype", "one", "other"),
    [
        ("float64", 0.1, float(np.float32(0.1))),
        ("float64", -1e300, -1e300 * (1 + 1e-7)),
        ("float64", 0.0, -0.0),
        ("float64", 1e-17, 0.0),
        ("float64", inf, inf),
        ("float64", 3, 3.0),
        ("int64", 2**63 - 1, 2**63 - 1),
        ("bool", True, 1.0),
        ("string", "é", "é"),
        ("bytes", b"\xff", b"\xff"),
        ("uuid", "12345678-1234-5678-1234-567812345678", "12345678-1234-5678-1234-567812345678"),
        ("decimal", Decimal("1.10"), Decimal("1.1")),
        ("timestamp", 1709294400.0, 1709294400.999),
        ("zoned_timestamp", AT, AT.astimezone(timezone(timedelta(hours=2)))),
        ("array<float64>", [0.1, nan], np.array([np.float32(0.1), nan], np.float32)),
        ("array<int64>", [], []),
        ("array<string>", ["a", "b"], ["a", "b"]),
        ("array<array<int64>>", [[1], []], [[1], []]),
        ("set<int64>", [1, 2], {2, 1}),
        ("set<float64>", [0.1, 0.2], [np.float32(0.2).item(), np.float32(0.1).item()]),
        ("struct<name: string, size: float64>", {"name": "a", "size": 0.1},
         {"size": float(np.float32(0.1)), "name": "a"}),
        ("json", {"a": [1, {"b": 0.1}]}, {"a": [1, {"b": 0.1 + 1e-9}]}),
        ("map", {"a": 1}, {"a": 1.0}),
        ("scalar_map", {1: "a"}, {"1": "a"}),
        *((dtype, None, None) for dtype in ("float64", "int64", "string", "array<int64>", "json")),
    ],
)  # fmt: skip
def test_the_same(dtype: str, one: Any, other: Any) -> None:
    assert same(type_of(dtype), one, other, RELATIVE)
    assert same(type_of(dtype), other, one, RELATIVE)


@pytest.mark.parametrize(
    ("dtype", "one", "other"),
    [
        ("float64", 1.0, 1.0 + 1e-5),
        ("float64", inf, -inf),
        ("float64", 0.0, None),
        ("float64", 1.0, "1.0"),
        ("int64", 2**53, 2**53 + 1),
        ("int64", 0, None),
        ("bool", True, False),
        ("bool", False, None),
        ("string", "a", "A"),
        ("string", "", None),
        ("string", "7", 7),
        ("bytes", b"\xff", b"\xfe"),
        ("decimal", Decimal("1.1"), Decimal("1.11")),
        ("timestamp", 1709294400.0, 1709294401.0),
        ("zoned_timestamp", AT, AT + timedelta(hours=1)),
        ("array<float64>", [0.1], [0.1, 0.1]),
        ("array<float64>", [nan], [0.0]),
        ("array<int64>", [1, 2], [2, 1]),
        ("array<int64>", [], None),
        ("set<int64>", [1, 2], {1, 3}),
        ("set<int64>", [1, 1, 2], [1, 2, 2]),
        ("struct<name: string, size: float64>", {"name": "a", "size": 1.0}, {"name": "a"}),
        ("json", {"a": 1}, {"b": 1}),
        ("json", {"a": True}, {"a": 1}),
        ("json", [1], 1),
        ("json", {"a": "1"}, {"a": 1.0}),
    ],
)
def test_not_the_same(dtype: str, one: Any, other: Any) -> None:
    assert not same(type_of(dtype), one, other, RELATIVE)
    if other is not None and not isinstance(other, str):
        assert not same(type_of(dtype), other, one, RELATIVE)
