"""Bodies that are not JSON because of one row, as REST and OIP tell of it."""

import json
from typing import Any

import httpx
import pytest

from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, tensors

BROKEN = [("weight", b"NaN"), ("weight", b"-Infinity"), ("depot", b'"\xff"'), ("lane", b"01")]


def with_literal(document: Any, literal: bytes) -> bytes:
    """A document with these bytes where it says "<here>"."""
    return json.dumps(document).encode().replace(b'"<here>"', literal)


@pytest.mark.parametrize(("name", "literal"), BROKEN)
async def test_a_request_is_told_its_field(
    client: httpx.AsyncClient, name: str, literal: bytes
) -> None:
    answer = await client.post(
        "/predict", content=with_literal(EXAMPLE | {name: "<here>"}, literal)
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == name


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize(("name", "literal"), BROKEN)
async def test_a_row_of_a_batch_is_told_its_field_and_the_others_are_answered(
    client: httpx.AsyncClient, name: str, literal: bytes, lines: bool
) -> None:
    body = with_literal({"instances": [EXAMPLE, EXAMPLE | {name: "<here>"}, EXAMPLE]}, literal)

    headers = {"accept": "application/x-ndjson"} if lines else {}
    answer = await client.post("/predict/batch", content=body, headers=headers)

    assert answer.status_code == 200
    told = [json.loads(line) for line in answer.text.splitlines()]
    rows = sorted(told, key=lambda one: one["row"]) if lines else told[0]["predictions"]
    assert rows[0]["outputs"] == rows[2]["outputs"]
    error = rows[1]["error"]
    assert (error["code"], error["field"], error["row"]) == ("malformed_json", name, 1)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("name", "literal"), BROKEN)
async def test_tensors_are_refused_by_input_and_row(
    client: httpx.AsyncClient, name: str, literal: bytes, nested: bool, mark: bytes
) -> None:
    inputs = tensors([EXAMPLE, EXAMPLE | {name: "<here>"}])
    if nested:
        inputs = [
            one | {"shape": [2, 1], "data": [[each] for each in one["data"]]} for one in inputs
        ]

    answer = await client.post(INFER, content=mark + with_literal({"inputs": inputs}, literal))

    assert answer.status_code in (400, 422)
    assert answer.json()["error"].startswith(f"row 1: {name}: ")
    assert answer.json()["error"].endswith((" is not JSON", "it is not UTF-8"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": [{"name": "depot", "data": [NaN}]}',
        b'{"inputs": [{"name": NaN, "data": [NaN]}]}',
        b'{"inputs": NaN}',
        b'{"inputs": [{"data": [NaN]}]}',
        b'{"inputs": [NaN]}',
        b'{"inputs": [], "id": NaN}',
    ],
)
async def test_what_is_broken_elsewhere_is_refused_as_a_whole(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post(INFER, content=body)

    assert answer.status_code == 400
    assert not answer.json()["error"].startswith("row")
