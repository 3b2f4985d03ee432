"""A value that a field cannot have is refused in every way with the row and the field at fault."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
import pytest_asyncio

from deployments.bundle.manifest import FieldSpec
from tests.unit.app.protocols.types.oip_ways import INFER, as_json, infer
from tests.unit.app.protocols.types.service import Service, service
from windsock import RowError

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD: dict[str, Any] = {
    "string": "a",
    "int64": 1,
    "float64": 0.5,
    "bool": True,
    "timestamp": "2024-05-01T08:15:00Z",
    "zoned_timestamp": "2024-03-01T12:00:00+01:00[Europe/Berlin]",
    "bytes": "AA==",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "decimal": "1.5",
    "array<float32, 3>": [1, 2, 3],
    "array<int64>": [1],
    "array<bytes, 1>": ["AA=="],
    "set<string>": ["a"],
    "array<array<int64, 2>>": [[1, 2]],
    "json": {},
    "map": {},
    "scalar_map": {},
    "struct<a: int64, at: timestamp>": {"a": 1},
}
DEEP: Any = []
for _ in range(8):
    DEEP = [DEEP]
BAD = [
    ("string", 7),
    ("string", "x" * 9),
    ("int64", 2**63),
    ("int64", 1.5),
    ("float64", "1"),
    ("float64", 1e999),
    ("bool", 1),
    ("timestamp", "2024-05-01T08:15:00"),
    ("timestamp", "1066-10-14T09:00:00Z"),
    ("zoned_timestamp", "2024-03-01T12:00:00"),
    ("zoned_timestamp", "2024-03-01T12:00:00+01:00[Mars/Phobos]"),
    ("zoned_timestamp", "2024-03-01T12:00:00+05:00[Europe/Berlin]"),
    ("bytes", "not base64!"),
    ("bytes", "A"),
    ("bytes", "AAAA" * 3),
    ("uuid", "1234"),
    ("decimal", "much"),
    ("decimal", "NaN"),
    ("decimal", "1" * 39),
    ("decimal", "1e99999"),
    ("decimal", "100.01"),
    ("array<float32, 3>", [1, 2]),
    ("array<float32, 3>", [1, 2, 3, 4]),
    ("array<float32, 3>", [[1], [2], [3]]),
    ("array<float32, 3>", [1, None, 3]),
    ("array<float32, 3>", [1, 2, 1e39]),
    ("array<float32, 3>", 7),
    ("array<int64>", [1.5]),
    ("array<int64>", [True]),
    ("array<int64>", [2**63]),
    ("array<int64>", [1] * 9),
    ("array<int64>", {"0": 1}),
    ("array<bytes, 1>", ["?"]),
    ("set<string>", ["a", "b", "a"]),
    ("set<string>", [["a"]]),
    ("array<array<int64, 2>>", [[1, 2], [3]]),
    ("array<array<int64, 2>>", [1, 2]),
    ("json", DEEP),
    ("json", {"a": DEEP}),
    ("map", []),
    ("map", {"a": DEEP}),
    ("scalar_map", "a"),
    ("struct<a: int64, at: timestamp>", {"a": "1"}),
    ("struct<a: int64, at: timestamp>", {"b": 1}),
    ("struct<a: int64, at: timestamp>", {"at": "noon"}),
]
LIMITS: dict[str, dict[str, Any]] = {
    "string": {"max_length": 8},
    "bytes": {"max_length": 8},
    "array<int64>": {"max_length": 8},
    "decimal": {"maximum": 100},
}
NAMES = {dtype: f"f{place}" for place, dtype in enumerate(GOOD)}

Refused = tuple[str | None, int | None, str]
"""The field, the row and the message of an error."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    fields = [
        FieldSpec(name=name, dtype=dtype, example=GOOD[dtype], optional=True)
        for dtype, name in NAMES.items()
    ]
    limited = [one.model_copy(update=LIMITS.get(one.dtype, {})) for one in fields]
    async with service(tmp_path_factory.mktemp("bundles"), limited) as one:
        yield one


async def rest(service: Service, name: str, values: list[Any]) -> Refused:
    rows = [{"key": "a", "row": row, name: value} for row, value in enumerate(values)]
    answer = await service.http.post("/predict/batch", content=json.dumps({"instances": rows}))
    assert answer.status_code == 200
    good, bad = answer.json()["predictions"]
    assert "outputs" in good
    return bad["error"]["field"], bad["error"]["row"], bad["error"]["message"]


async def rest_one(service: Service, name: str, values: list[Any]) -> Refused:
    row = {"key": "a", "row": 1, name: values[1]}
    answer = await service.http.post("/predict", content=json.dumps(row))
    assert 400 <= answer.status_code < 500
    error = answer.json()["error"]
    assert error["row"] is None
    return error["field"], 1, error["message"]


async def websocket(service: Service, name: str, values: list[Any]) -> Refused:
    told = await service.stream.ask(1, {"key": "a", "row": 1, name: values[1]})
    return told["error"]["field"], 1, told["error"]["message"]


async def oip_http(service: Service, name: str, values: list[Any]) -> Refused:
    answer = await service.http.post(INFER, json={"inputs": as_json(name, values)})
    assert 400 <= answer.status_code < 500
    return _of_sentence(name, answer.json()["error"])


async def oip_grpc(service: Service, name: str, values: list[Any]) -> Refused:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await infer(service, as_json(name, values))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    return _of_sentence(name, caught.value.details() or "")


async def client(service: Service, name: str, values: list[Any]) -> Refused:
    rows = [{"key": "a", "row": row, name: value} for row, value in enumerate(values)]
    good, bad = await service.client.predict_batch(rows)
    assert not isinstance(good, RowError)
    assert isinstance(bad, RowError)
    return bad.field, 1, bad.message


def _of_sentence(name: str, told: str) -> Refused:
    """The protocol has no more than a sentence."""
    row, _, message = told.partition(": ")
    field = name if message.startswith((f"{name} ", f"{name}: ")) else None
    return field, int(row.removeprefix("row ")), message


WAYS = [rest, rest_one, websocket, oip_http, oip_grpc, client]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize(
    ("dtype", "bad"), BAD, ids=[f"{dtype}-{str(bad)[:20]}" for dtype, bad in BAD]
)
async def test_what_a_field_cannot_have(
    asked: Service,
    dtype: str,
    bad: Any,
    way: Callable[[Service, str, list[Any]], Awaitable[Refused]],
) -> None:
    name = NAMES[dtype]

    field, row, message = await way(asked, name, [GOOD[dtype], bad])

    assert (field, row) == (name, 1)
    assert len(message) < 400
