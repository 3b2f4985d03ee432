"""A repo with a feature of each type that Feast knows: rows that are known, null and not there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as Number
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, ValueType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import python_values_to_proto_values
from feast.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    FeastType,
    Float32,
    Float64,
    ImageBytes,
    Int32,
    Int64,
    Json,
    Map,
    PdfBytes,
    ScalarMap,
    Set,
    String,
    Struct,
    TimeUuid,
    UnixTimestamp,
    Uuid,
    ZonedTimestamp,
)

from tests.support.repos import applied, view

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=400, seconds=7)
IDS = UUID("0190f5f6-0000-7000-8000-00000000000a"), UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479")
NUMBERS = Number("12345678901234567890.0000000001"), Number("-0.5")
PROFILE = Struct({"name": String, "id": Uuid, "seen": UnixTimestamp, "scores": Array(Float32)})
PROFILES: list[dict[str, Any]] = [
    {"name": "é", "id": IDS[0], "seen": NOW, "scores": [0.5, 1.5]},
    {"name": "", "id": None, "seen": EARLIER, "scores": [2.0]},
]

SCALARS: dict[str, tuple[FeastType, list[Any]]] = {
    "text": (String, ["größer ✓", ""]),
    "small": (Int32, [-(2**31), 7]),
    "large": (Int64, [2**63 - 1, -(2**53) - 1]),
    "short": (Float32, [0.1, -0.0]),
    "exact": (Float64, [0.1, 1e300]),
    "open": (Bool, [False, True]),
    "at": (UnixTimestamp, [NOW, EARLIER]),
    "local": (
        ZonedTimestamp,
        [NOW.astimezone(ZoneInfo("Europe/Berlin")), NOW.astimezone(timezone(timedelta(hours=-7)))],
    ),
    "blob": (Bytes, [b"\x00\xff", b""]),
    "paper": (PdfBytes, [b"%PDF", b"%"]),
    "photo": (ImageBytes, [b"\xff\xd8", b"\xff"]),
    "id": (Uuid, [IDS[0], IDS[1]]),
    "made": (TimeUuid, [IDS[1], IDS[0]]),
    "price": (Decimal, [NUMBERS[0], NUMBERS[1]]),
}
_MANY: dict[str, tuple[FeastType, list[list[Any]]]] = {
    "texts": (String, [["b", "", "a"], ["x"]]),
    "smalls": (Int32, [[3, -1], [2**31 - 1]]),
    "larges": (Int64, [[2**62 + 1, 5], [-(2**63)]]),
    "shorts": (Float32, [[0.1, 2.0], [3.0]]),
    "exacts": (Float64, [[0.1, 1e300], [-1.0]]),
    "opens": (Bool, [[True, False], [True]]),
    "ats": (UnixTimestamp, [[NOW, EARLIER], [NOW]]),
    "blobs": (Bytes, [[b"\x00", b""], [b"a"]]),
    "ids": (Uuid, [[IDS[1], IDS[0]], [IDS[0]]]),
    "mades": (TimeUuid, [[IDS[0]], [IDS[1]]]),
    "prices": (Decimal, [[NUMBERS[0], NUMBERS[1]], [NUMBERS[1]]]),
}
DOCUMENTS: dict[str, tuple[FeastType, list[Any]]] = {
    "config": (Json, [{"a": [1, None, {"b": 2.5}], "é": True}, 7.5]),
    "traits": (Map, [{"a": 1, "b": {"c": "d"}, "e": [1.5, 2.5], "f": None}, {}]),
    "by_number": (ScalarMap, [{1: "a", 2**40: None}, {-7: 2.5}]),
    "by_id": (ScalarMap, [{IDS[0]: 1, IDS[1]: 2}, {IDS[0]: 3}]),
    "by_instant": (ScalarMap, [{NOW: "a"}, {EARLIER: "b"}]),
    "profile": (PROFILE, PROFILES),
    "configs": (Array(Json), [[{"a": "x"}, 2], []]),
    "trait_list": (Array(Map), [[{"a": 1}, {"b": {"c": 2}}], [{}]]),
    "profiles": (Array(PROFILE), [PROFILES, PROFILES[1:]]),
    "grid": (Array(Array(Float64)), [[[1.0, 2.0], [3.0]], [[0.5]]]),
    "cube": (Array(Array(Array(Int64))), [[[[1, 2], [3]], [[4]]], [[[5]]]]),
    "groups": (Array(Set(String)), [[["a"], ["b"]], [["c"]]]),
    "sets": (Set(Array(Int64)), [[[1, 2], [3]], [[4]]]),
}
TYPES: dict[str, tuple[FeastType, list[Any]]] = (
    SCALARS
    | {name: (Array(one), values) for name, (one, values) in _MANY.items()}
    | {f"{name}_set": (Set(one), [set(v) for v in values]) for name, (one, values) in _MANY.items()}
    | DOCUMENTS
)
"""By the name of a feature its type, and the values that the first two rows have."""

ROWS = {"known": 1, "other": 2, "null": 3, "absent": 4}
BLANK = pd.DataFrame({"shop": [1], "event_timestamp": [NOW]})
SHOP = Entity(name="shop", join_keys=["shop"], value_type=ValueType.INT64)


def stored(
    folder: Path,
    more: Callable[[FeatureView], list[Any]] = lambda _: [],
    **settings: Any,
) -> FeatureStore:
    """The repo, with a view ``every`` in a service of that name, and what ``more`` makes of it."""
    schema = [Field(name=name, dtype=dtype) for name, (dtype, _) in TYPES.items()]
    everything = view(folder, "every", [SHOP], [Field(name="shop", dtype=Int64), *schema], BLANK)
    service = FeatureService(name="every", features=[everything])
    store = applied(folder, SHOP, everything, service, *more(everything), **settings)
    rows = {
        1: {name: values[0] for name, (_, values) in TYPES.items()},
        2: {name: values[1] for name, (_, values) in TYPES.items()},
        3: dict.fromkeys(TYPES),
    }
    written: list[tuple[EntityKey, dict[str, Value], datetime, datetime | None]] = [
        (
            EntityKey(join_keys=["shop"], entity_values=[Value(int64_val=key)]),
            {name: proto(name, value) for name, value in row.items()},
            NOW,
            None,
        )
        for key, row in rows.items()
    ]
    store.provider.online_write_batch(store.config, everything, written, progress=None)
    return store


def proto(name: str, value: Any) -> Value:
    """A value of this feature, as Feast stores it."""
    (made,) = python_values_to_proto_values([value], TYPES[name][0].to_value_type())
    return made
