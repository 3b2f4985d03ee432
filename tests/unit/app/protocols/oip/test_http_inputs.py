"""Tensors in JSON that are wrong."""

from typing import Any

import httpx
import pytest

from tests.support.oip import tensors
from tests.unit.app.protocols.oip.refused_requests import ROWS, Inputs, refused, with_input


@pytest.mark.parametrize(
    ("inputs", "status", "told"),
    [
        ([], 422, "depot is missing: it must be a string of up to 256 characters"),
        (tensors(ROWS)[1:], 422, "depot is missing"),
        ([*tensors(ROWS), tensors(ROWS)[0]], 422, "depot is given twice"),
        (
            [*tensors(ROWS), {"name": "colour", "datatype": "BYTES", "shape": [2], "data": []}],
            422,
            "unknown field 'colour': allowed are depot, lane, weight, pieces, insured, sent_at",
        ),
        (with_input("lane", datatype="FP64"), 422, "lane: its datatype must be INT16 or INT32"),
        (with_input("lane", datatype="x" * 999), 422, "lane: its datatype must be "),
        (with_input("weight", datatype="BYTES"), 422, "weight: its datatype must be FP16"),
        (with_input("insured", datatype="UINT8"), 422, "insured: its datatype must be BOOL"),
        (with_input("depot", shape=[]), 422, "depot: its shape must be [N] or [N, 1], for N rows"),
        (with_input("depot", shape=[2, 2]), 422, "depot: its shape must be"),
        (with_input("depot", shape=[1, 2, 1]), 422, "depot: its shape must be"),
        (with_input("depot", shape=[-2]), 422, "depot: its shape must be"),
        (with_input("depot", shape=[2, -1]), 422, "depot: its shape must be"),
        (with_input("depot", shape=[2**63]), 422, "Expected `int` <= 9223372036854775807"),
        (with_input("depot", shape=[10**400]), 422, "the body: "),
        (with_input("depot", shape=[2.5]), 422, "the body: Expected `int`, got `float`"),
        (with_input("depot", shape=2), 422, "the body: Expected `array`, got `int`"),
        (with_input("lane", shape=[3]), 422, "lane: it has 3 rows where depot has 2"),
        (with_input("lane", shape=[2**62]), 422, "lane: it has 4611686018427387904 rows where"),
        ([one | {"shape": [0]} for one in tensors(ROWS)], 422, "at least one row"),
        ([one | {"shape": [6]} for one in tensors(ROWS)], 413, "6 rows, at most 5 are allowed"),
        ([one | {"shape": [2**60]} for one in tensors(ROWS)], 413, "at most 5 are allowed"),
        (with_input("lane", data=[1]), 422, "lane: its shape says 2 elements, its data hold 1"),
        (with_input("lane", data=[1, 2, 3]), 422, "its data hold 3"),
        (with_input("lane", data=7), 422, "lane: its data are not INT64: Expected `array`"),
        (with_input("lane", data=None), 422, "lane: its data are not INT64: Expected `array`"),
        (with_input("lane", data=[1, "2"]), 422, "row 1: lane: its data are not INT64"),
        (with_input("lane", data=[1, 2.5]), 422, "row 1: lane: its data are not INT64"),
        (with_input("lane", data=[[1], [2]]), 422, "row 0: lane: its data are not INT64"),
        (with_input("lane", data=[[1], []], shape=[2, 1]), 422, "row 1: lane: its data are not"),
        (with_input("lane", data=[1, 2**63]), 422, "row 1: lane: its data are not INT64"),
        (with_input("lane", data=[1, 128], datatype="INT8"), 422, "row 1: lane: its data are not"),
        (with_input("lane", data=[-1, 1], datatype="UINT64"), 422, "row 0: lane: its data are not"),
        (with_input("insured", data=[True, 1]), 422, "row 1: insured: its data are not BOOL"),
        (with_input("depot", data=["north", 1]), 422, "row 1: depot: its data are not BYTES"),
        (with_input("depot", data=["x" * 257, "a"]), 422, "row 0: depot must be a string of up to"),
        (with_input("depot", data=["a", "x" * 257]), 422, "row 1: depot must be a string"),
        (with_input("weight", data=[1, 1001]), 422, "row 1: weight must be a number from 0 to"),
        (with_input("weight", data=[1, 1e300], datatype="FP32"), 422, "row 1: weight must be"),
        (
            with_input("weight", data=[2**53 + 1, 1], datatype="INT64"),
            422,
            "row 0: weight: beyond 2",
        ),
        (with_input("pieces", data=[1, 0]), 422, "row 1: pieces must be an integer from 1 to 99"),
        (with_input("sent_at", data=["2024-05-01T10:15:00Z", "today"]), 422, "row 1: sent_at must"),
        (
            with_input("sent_at", data=["2024-05-01T10:15:00", "2024-05-01T10:15:00Z"]),
            422,
            "row 0: sent_at must be an RFC 3339 instant with a UTC offset",
        ),
        (
            with_input("sent_at", data=["2024-05-01T10:15:00Z", "2019-01-01T00:00:00Z"]),
            422,
            "row 1: sent_at must be an RFC 3339 instant with a UTC offset from 2020",
        ),
        (with_input("lane", parameters={"shared_memory_region": "r"}), 422, "shared memory is not"),
        (
            with_input("lane", parameters={"binary_data_size": -1}),
            422,
            "parameter binary_data_size",
        ),
        (with_input("lane", parameters={"binary_data_size": "8"}), 422, "must be a whole number"),
        (with_input("lane", parameters={"binary_data_size": 0}), 422, "not both"),
        (with_input("lane", parameters={"a": [1]}), 422, "the body: Expected `bool | int | float"),
        (with_input("lane", parameters=[]), 422, "the body: Expected `object | null`"),
        (with_input("lane", name=1), 422, "the body: Expected `str`, got `int`"),
        ([{"name": "lane", "datatype": "INT64"}], 422, "shape is missing: it must be [N] or"),
        ([{"shape": [1], "datatype": "INT64"}], 422, "name is missing"),
        ([{"name": "lane", "shape": [1]}], 422, "datatype is missing"),
        (7, 422, "inputs must be a list of tensors, one for each field: Expected `array`"),
    ],
)
async def test_wrong_inputs(
    client: httpx.AsyncClient, inputs: Inputs, status: int, told: str
) -> None:
    found, message = await refused(client, json={"inputs": inputs})

    assert found == status
    assert told in message
    assert len(message) < 400


async def test_a_long_name_is_not_echoed_whole(client: httpx.AsyncClient) -> None:
    name = "x" * 1000
    for one in (
        {"name": name, "datatype": "BYTES", "shape": [1], "data": []},
        {"name": name, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 9}},
        {"name": name, "datatype": "BYTES", "shape": [1]}
        | {"data": [], "parameters": {"binary_data_size": 0}},
    ):
        _, message = await refused(client, json={"inputs": [one]})
        assert len(message) < 300


async def test_an_input_without_data(client: httpx.AsyncClient) -> None:
    depot, *others = tensors(ROWS)
    del depot["data"]

    assert await refused(client, json={"inputs": [depot, *others]}) == (
        422,
        "depot: it has no data",
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"parameters": {"values": 1}}, "parameter values must be true or false"),
        ({"parameters": {"timeout": -1}}, "parameter timeout must be a whole number, 0 or more"),
        ({"parameters": {"timeout": True}}, "parameter timeout must be a whole number"),
        ({"parameters": {"timeout": 2**63}}, "parameter timeout must be a whole number"),
        ({"parameters": {"timeout": 10**400}}, "parameter timeout must be a whole number"),
        ({"parameters": {"timeout": 1.5}}, "parameter timeout must be a whole number"),
        ({"parameters": {"binary_data_output": "yes"}}, "binary_data_output must be true or false"),
        ({"parameters": {"a": None}}, "the body: Expected `bool | int | float | str`"),
        ({"outputs": [{"name": "price"}]}, "unknown output 'price': there are late, cost, feat"),
        ({"outputs": [{"name": "late"}, {"name": "late"}]}, "output late is asked for twice"),
        ({"outputs": [{"name": "late", "parameters": {"binary_data": 1}}]}, "binary_data must be"),
        (
            {"outputs": [{"name": "late", "parameters": {"classification": 3}}]},
            "classification is not supported: ask for the output itself",
        ),
        ({"outputs": [{}]}, "name is missing: it must be a name"),
        ({"outputs": {}}, "outputs must be a list of outputs: Expected `array | null`"),
        ({"id": 7}, "the body: Expected `str | null`, got `int`"),
    ],
)
async def test_wrong_wishes(client: httpx.AsyncClient, more: dict[str, Any], told: str) -> None:
    status, message = await refused(client, json={"inputs": tensors(ROWS), **more})

    assert status == 422
    assert told in message


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"{'inputs': []}", b'{"x":' + b"[" * 3000])
async def test_what_is_no_json(client: httpx.AsyncClient, body: bytes) -> None:
    status, message = await refused(client, content=body)

    assert (status, message[:28]) == (400, "the body is not valid JSON: ")


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b'"inputs"'])
async def test_what_is_no_object(client: httpx.AsyncClient, body: bytes) -> None:
    status, message = await refused(client, content=body)

    assert (status, message[:27]) == (422, "the body: Expected `object`")
