"""Tensors behind the JSON that are wrong."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.protocols.oip.binary import HEADER
from tests.support.oip import behind, tensors
from tests.unit.app.protocols.oip.refused_requests import ROWS, refused, with_input


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body, length: (body[:-1], length), "sent_at: its binary data take"),
        (lambda body, length: (body + b"x", length), "1 bytes behind the JSON belong to no tensor"),
        (lambda body, length: (body, len(body) + 1), f"{HEADER} must be the length of the JSON"),
        (lambda body, length: (body, -1), f"{HEADER} must be"),
        (lambda body, length: (body, "9" * 5000), f"{HEADER} must be"),
        (lambda body, length: (body, ""), f"{HEADER} must be"),
        (lambda body, length: (body, 0), "the body is not valid JSON"),
        (lambda body, length: (body, length - 1), "the body is not valid JSON"),
        (lambda body, length: (body, length + 1), "the body is not valid JSON"),
        (lambda body, length: (body, len(body)), "the body is not valid JSON"),
    ],
)
async def test_a_body_that_is_cut_wrongly(
    client: httpx.AsyncClient, change: Callable[[bytes, int], tuple[bytes, Any]], told: str
) -> None:
    body, headers = behind(tensors(ROWS))
    content, length = change(body, int(headers[HEADER]))

    status, message = await refused(client, content=content, headers={HEADER: str(length)})

    assert status == 400
    assert told in message


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("lane", b"\x00" * 15, "lane: 2 elements of INT64 take 16 bytes, there are 15"),
        ("lane", b"", "there are 0"),
        ("insured", b"\x01\x02", "insured: a byte of BOOL must be 0 or 1"),
        ("depot", b"", "depot: its 0 bytes do not hold exactly 2 elements of BYTES"),
        ("depot", b"\x01\x00\x00\x00a", "do not hold exactly 2 elements"),
        ("depot", b"\x01\x00\x00\x00a\x01\x00\x00", "do not hold exactly 2 elements"),
        ("depot", b"\x01\x00\x00\x00a\x02\x00\x00\x00b", "do not hold exactly 2 elements"),
        ("depot", b"\x01\x00\x00\x00a\xff\xff\xff\xffb", "do not hold exactly 2 elements"),
        ("depot", b"\x01\x00\x00\x00a\x01\x00\x00\x00bc", "do not hold exactly 2 elements"),
    ],
)
async def test_tensors_that_are_cut_wrongly(
    client: httpx.AsyncClient, name: str, data: bytes, told: str
) -> None:
    inputs = with_input(name, parameters={"binary_data_size": len(data)})
    for one in inputs:
        if one["name"] == name:
            del one["data"]
    head = json.dumps({"inputs": inputs}).encode()

    status, message = await refused(client, content=head + data, headers={HEADER: str(len(head))})

    assert status == 400
    assert told in message


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("weight", [1.0, float("nan")], "row 1: weight must be a number from 0 to 1000"),
        ("weight", [float("-inf"), 1.0], "row 0: weight must be a number from 0 to 1000"),
        ("depot", [b"a", b"\xff"], "row 1: depot: it is not UTF-8"),
        ("depot", [b"\xed\xa0\x80", b"a"], "row 0: depot: it is not UTF-8"),
        ("sent_at", [b"\x00", b"a"], "row 0: sent_at must be an RFC 3339 instant"),
    ],
)
async def test_values_that_only_bytes_can_hold(
    client: httpx.AsyncClient, name: str, values: list[Any], told: str
) -> None:
    inputs = [one | {"data": values} if one["name"] == name else one for one in tensors(ROWS)]
    body, headers = behind(inputs)

    status, message = await refused(client, content=body, headers=headers)

    assert status == 422
    assert told in message
