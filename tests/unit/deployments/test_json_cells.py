import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from deployments.json_cells import from_json, key_text, to_json

BERLIN = datetime(2024, 3, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

CELLS: list[tuple[str, Any, Any]] = [
    ("string", "", ""),
    ("int64", 2**63 - 1, 2**63 - 1),
    ("float64", 0.1, 0.1),
    ("bool", True, True),
    ("timestamp", 1714551300.25, 1714551300.25),
    ("zoned_timestamp", BERLIN, "2024-03-01T12:00:00+01:00[Europe/Berlin]"),
    ("bytes", b"\x00\xff", "AP8="),
    ("uuid", ID, ID),
    ("decimal", Decimal("1.50"), "1.50"),
    ("json", {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
    ("json", "text", "text"),
    ("map", {"a": {"b": 1.5}}, {"a": {"b": 1.5}}),
    ("array<int64>", [], []),
    ("array<float32, 2>", [0.5, 1.5], [0.5, 1.5]),
    ("array<bytes>", [b"a"], ["YQ=="]),
    ("set<string>", ["a", "b"], ["a", "b"]),
    ("array<decimal>", [Decimal("0.10")], ["0.10"]),
    ("array<array<uuid>>", [[ID], []], [[ID], []]),
    (
        "struct<at: timestamp, raw: bytes, tags: array<string>>",
        {"at": 5.0, "raw": b"a", "tags": ["x"]},
        {"at": 5.0, "raw": "YQ==", "tags": ["x"]},
    ),
    ("array<struct<n: decimal>>", [{"n": Decimal(7)}, {"n": None}], [{"n": "7"}, {"n": None}]),
]


@pytest.mark.parametrize(("dtype", "cell", "value"), CELLS)
def test_a_cell_goes_to_json_and_back(dtype: str, cell: Any, value: Any) -> None:
    written = to_json(dtype, cell)

    assert written == value
    assert from_json(dtype, json.loads(json.dumps(written, allow_nan=False))) == cell


@pytest.mark.parametrize("dtype", sorted({dtype for dtype, _, _ in CELLS}))
def test_missing_is_null(dtype: str) -> None:
    assert to_json(dtype, None) is None
    assert from_json(dtype, None) is None


@pytest.mark.parametrize("dtype", ["float64", "bool", "timestamp", "int64"])
def test_nan_is_null(dtype: str) -> None:
    assert to_json(dtype, np.float64("nan")) is None


def test_cells_may_be_numpys() -> None:
    assert to_json("bool", np.float64(1.0)) is True
    assert to_json("int64", np.float64(7.0)) == 7
    assert to_json("array<float32>", np.array([0.5, np.nan], np.float32)) == [0.5, None]


def test_an_element_that_is_nan_is_null_and_nan_again() -> None:
    (value,) = from_json("array<float64>", to_json("array<float64>", [float("nan")]))

    assert value != value


def test_a_scalar_map_has_its_keys_as_text() -> None:
    cell = {7: "a", True: b"\xff", Decimal("1.5"): {UUID(ID): BERLIN}}

    assert to_json("scalar_map", cell) == {
        "7": "a",
        "true": "/w==",
        "1.5": {ID: "2024-03-01T12:00:00+01:00[Europe/Berlin]"},
    }
    assert [key_text(key) for key in (7, False, b"a", 1.5)] == ["7", "false", "YQ==", "1.5"]


def test_an_instant_may_be_text() -> None:
    assert from_json("timestamp", "1970-01-01T01:00:05+01:00") == 5.0
    assert to_json("timestamp", datetime.fromtimestamp(5, UTC)) == 5.0


@pytest.mark.parametrize(
    "at",
    [
        BERLIN,
        datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2024, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=-7))),
        datetime(2024, 3, 1, 12, 0, 0, 5, tzinfo=UTC),
        datetime(2024, 3, 1, tzinfo=ZoneInfo("UTC")),
        datetime(2024, 3, 1, tzinfo=ZoneInfo("Etc/GMT+5")),
    ],
)
def test_a_zone_is_kept(at: datetime) -> None:
    again = from_json("zoned_timestamp", to_json("zoned_timestamp", at))

    assert (again, again.tzinfo, again.fold) == (at, at.tzinfo, at.fold)


def test_a_zone_may_stand_beside_utc() -> None:
    assert from_json("zoned_timestamp", "2024-03-01T11:00:00Z[Europe/Berlin]") == BERLIN
    assert from_json("zoned_timestamp", "2024-03-01T11:00:00Z[Europe/Berlin]").hour == 12


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int64", "seven"),
        ("bytes", "?"),
        ("bytes", "YQ"),
        ("uuid", "no"),
        ("decimal", "NaN"),
        ("decimal", "x"),
        ("array<int64>", "12"),
        ("struct<a: int64>", [1]),
        ("zoned_timestamp", "2024-03-01T12:00:00"),
        ("zoned_timestamp", "2024-03-01T12:00:00+02:00[Europe/Berlin]"),
        ("zoned_timestamp", "2024-03-01T12:00:00+01:00[Europe/Nowhere]"),
        ("zoned_timestamp", "2024-03-01T12:00:00Z[../../etc/passwd]"),
        ("zoned_timestamp", "2024-02-30T12:00:00Z"),
        ("zoned_timestamp", "today"),
    ],
)
def test_what_is_no_such_value_is_refused(dtype: str, value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        from_json(dtype, value)
