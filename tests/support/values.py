"""A value of each type: as a client writes it, and as its column holds it."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
BERLIN = datetime(2024, 3, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
AT, AT_S = "2024-03-01T12:00:00+01:00", 1709290800.0

VALUES: Mapping[str, tuple[Any, Any]] = {
    "string": ("", ""),
    "int64": (2**53 + 1, 2**53 + 1),
    "float64": (2.5, 2.5),
    "bool": (True, True),
    "timestamp": (AT, AT_S),
    "zoned_timestamp": (f"{AT}[Europe/Berlin]", BERLIN),
    "bytes": ("AP8=", b"\x00\xff"),
    "uuid": (ID.upper(), ID),
    "decimal": ("12.50", Decimal("12.50")),
    "json": ([1, {"a": None}], [1, {"a": None}]),
    "map": ({"a": {"b": [1, "x"]}}, {"a": {"b": [1, "x"]}}),
    "scalar_map": ({"7": 1.5}, {"7": 1.5}),
    "struct<at: timestamp, tags: array<string>, left: int64>": (
        {"at": AT, "tags": ["a"]},
        {"at": AT_S, "tags": ["a"], "left": None},
    ),
    "array<string>": (["a", "", "a"], ["a", "", "a"]),
    "array<int64>": ([2**63 - 1, -(2**63)], [2**63 - 1, -(2**63)]),
    "array<float64>": ([], []),
    "array<float32>": ([0.5, 1.5], [0.5, 1.5]),
    "array<float32, 2>": ([0.5, -1.5], [0.5, -1.5]),
    "array<bool>": ([True, False], [True, False]),
    "array<timestamp>": ([AT], [AT_S]),
    "array<bytes>": (["AP8=", ""], [b"\x00\xff", b""]),
    "array<uuid>": ([ID], [ID]),
    "array<decimal>": (["1.5"], [Decimal("1.5")]),
    "array<json>": ([{"a": 1}, 2], [{"a": 1}, 2]),
    "array<map>": ([{"a": 1}, {}], [{"a": 1}, {}]),
    "array<array<int64>>": ([[1], []], [[1], []]),
    "array<array<float32, 2>>": ([[0.5, 1.5]], [[0.5, 1.5]]),
    "array<struct<n: decimal>>": ([{"n": "1"}, {}], [{"n": Decimal(1)}, {"n": None}]),
    "set<string>": (["a", "b"], ["a", "b"]),
    "set<int64>": ([1, 2], [1, 2]),
    "set<uuid>": ([ID], [ID]),
    "set<array<int64>>": ([[1], [2]], [[1], [2]]),
}
"""By dtype."""

OFFSET = datetime(2024, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))
