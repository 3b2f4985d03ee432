"""Values of every type that a request may hold, in the forms in which they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

from deployments.json_cells import to_json
from tests.support.values import VALUES
from windsock import zoned

BERLIN = datetime(2024, 3, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
ZONED = "2024-03-01T12:00:00+01:00[Europe/Berlin]"
AT = datetime(2024, 5, 1, 8, 15, tzinfo=UTC)
SECONDS = AT.timestamp()
ONE, TWO = UUID(int=1), UUID(int=2**100)


@dataclass(frozen=True)
class Value:
    """A value as Python has it, as REST is sent it, and as an answer tells it."""

    cell: Any
    sent: Any
    told: Any


@dataclass(frozen=True)
class Case:
    """A type with some of its values. ``oip`` is the datatype whose tensors hold them, or that of
    the JSON which holds them; ``arrow`` is Arrow's type, None where it has none."""

    dtype: str
    oip: str
    arrow: Any
    values: Sequence[Value]


def _itself(*cells: Any) -> list[Value]:
    return [Value(cell, cell, cell) for cell in cells]


JSON = "JSON in BYTES"

CASES = [
    Case("string", "BYTES", pa.string(), _itself("north", "", 'süd "\\ \n 😀' * 20)),
    Case("int64", "INT64", pa.int64(), _itself(7, -(2**63), 2**53 + 1, 2**63 - 1)),
    Case("float64", "FP64", pa.float64(), _itself(2.5, -0.0, 5e-324, 1e300)),
    Case("bool", "BOOL", pa.bool_(), _itself(True, False)),
    Case(
        "timestamp",
        "BYTES",
        pa.timestamp("us", "UTC"),
        [Value(AT, "2024-05-01T10:15:00+02:00", SECONDS)],
    ),
    Case("zoned_timestamp", "BYTES", pa.string(), [Value(zoned(BERLIN), ZONED, ZONED)]),
    Case(
        "bytes",
        "BYTES",
        pa.binary(),
        [Value(b"\x00\xff\xfe", "AP/+", "AP/+"), Value(b"", "", ""), Value(b"a", "YQ==", "YQ==")],
    ),
    Case("uuid", "BYTES", pa.uuid(), [Value(one, str(one), str(one)) for one in (ONE, TWO)]),
    Case(
        "decimal",
        "BYTES",
        pa.decimal128(38, 9),
        [
            Value(Decimal(one), one, one)
            for one in ("12345678901234567890.123456789", "-0.125000000")
        ],
    ),
    Case("array<float32, 3>", "FP32", pa.list_(pa.float32(), 3), _itself([0.5, -1.0, 2.0])),
    Case("array<float64, 2>", "FP64", pa.list_(pa.float64(), 2), _itself([0.1, 1e300])),
    Case("array<int64, 2>", "INT64", pa.list_(pa.int64()), _itself([2**53 + 1, -(2**63)], [0, 1])),
    Case("array<bool, 2>", "BOOL", pa.list_(pa.bool_()), _itself([True, False])),
    Case("array<string, 2>", "BYTES", pa.list_(pa.string()), _itself(["a", ""], ["süd", 'x,["]'])),
    Case("array<bytes, 1>", "BYTES", pa.list_(pa.binary()), [Value([b"\xff"], ["/w=="], ["/w=="])]),
    Case(
        "array<timestamp, 2>",
        "BYTES",
        pa.list_(pa.timestamp("us", "UTC")),
        [Value([AT, AT], ["2024-05-01T08:15:00Z"] * 2, [SECONDS] * 2)],
    ),
    Case("array<float32>", JSON, pa.list_(pa.float32()), _itself([0.5], [], [1.0, 2.0, -3.0])),
    Case("array<int64>", JSON, pa.list_(pa.int64()), _itself([1, 2], [], [2**63 - 1])),
    Case("array<bool>", JSON, pa.list_(pa.bool_()), _itself([True], [], [False, True])),
    Case("array<string>", JSON, pa.list_(pa.string()), _itself(["a"], [], ["", "süd"])),
    Case(
        "array<uuid>",
        JSON,
        pa.list_(pa.string()),
        [Value([str(ONE), str(TWO)], [str(ONE), str(TWO)], [str(ONE), str(TWO)])],
    ),
    Case(
        "array<decimal>",
        JSON,
        pa.list_(pa.decimal128(4, 2)),
        [Value([Decimal("0.10")], ["0.10"], ["0.10"])],
    ),
    Case("set<int64>", JSON, pa.list_(pa.int64()), _itself([3, 1], [])),
    Case("set<string>", JSON, pa.list_(pa.string()), _itself(["b", "a"], [])),
    Case("array<array<float64>>", JSON, pa.list_(pa.list_(pa.float64())), _itself([[0.5], []], [])),
    Case("array<array<int64, 2>, 2>", JSON, None, _itself([[1, 2], [3, 2**53 + 1]])),
    Case(
        "json",
        JSON,
        None,
        _itself({"a": [1, 2.5, None, {"b": "ü"}]}, [], "text", 7, True, {"": {}}),
    ),
    Case(
        "map",
        JSON,
        pa.map_(pa.string(), pa.string()),
        _itself({"city": "Bern", "zip": "3000"}, {}),
    ),
    Case(
        "scalar_map",
        JSON,
        pa.map_(pa.int64(), pa.string()),
        [Value({1: "a", 2: "b"}, {"1": "a", "2": "b"}, {"1": "a", "2": "b"})],
    ),
    Case(
        "struct<at: timestamp, tags: array<string>, n: int64>",
        JSON,
        pa.struct(
            {
                "at": pa.timestamp("us", "UTC"),
                "tags": pa.list_(pa.string()),
                "n": pa.int64(),
            }
        ),
        [
            Value(
                {"at": AT, "tags": ["x"], "n": 2**53 + 1},
                {"at": "2024-05-01T08:15:00Z", "tags": ["x"], "n": 2**53 + 1},
                {"at": SECONDS, "tags": ["x"], "n": 2**53 + 1},
            )
        ],
    ),
    Case(
        "array<struct<a: int64>>",
        JSON,
        pa.list_(pa.struct({"a": pa.int64()})),
        _itself([{"a": 1}, {"a": 2}], []),
    ),
]

_NESTED = ("array<json>", "array<map>", "array<array<float32, 2>>", "array<struct<n: decimal>>")
CASES += [
    Case(dtype, JSON, None, [Value(sent, sent, to_json(dtype, held))])
    for dtype, (sent, held) in VALUES.items()
    if dtype in (*_NESTED, "set<uuid>", "set<array<int64>>")
]
