"""What is wrong is refused in the protocol's own form, whichever layer refuses it."""

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.types import ASGIApp

from app.asgi import edge
from app.config import BatchSettings, Limits
from app.protocols.oip.binary import HEADER
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame, Status
from tests.support.asgi import chunks, drive, http
from tests.support.chains import lookup, weighing
from tests.support.fast_lane import serving
from tests.support.http1 import Connection
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.oip import INFER, behind, tensors

ROWS = [EXAMPLE, EXAMPLE | {"weight": 500.0}]
Inputs = list[dict[str, Any]]


def with_input(which: str, **changes: Any) -> Inputs:
    """The inputs of two rows, one of them changed."""
    return [one | changes if one["name"] == which else one for one in tensors(ROWS)]


async def refused(client: httpx.AsyncClient, **request: Any) -> tuple[int, str]:
    answer = await client.post(request.pop("path", INFER), **request)
    assert answer.json().keys() == {"error"}
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("inputs", "status", "told"),
    [
        ([], 422, "depot is missing: it must be a string of 1 to 256 characters"),
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
        (with_input("depot", data=["", "a"]), 422, "row 0: depot must be a string of 1 to 256"),
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


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v2/models/nobody/infer", 404, "there is no model 'nobody': this server has 'parcels'"),
        (f"/v2/models/{'x' * 999}/infer", 404, "there is no model"),
        ("/v2/models/parcels/versions/3/infer", 404, "there is no version '3' of 'parcels'"),
        ("/v2/models/parcels/versions/latest/infer", 404, "there is no version 'latest'"),
        ("/v2/models/parcels/versions/%2e%2e/infer", 404, "there is no version '..'"),
        ("/v2/models/parcels/versions/2/infer", 409, "'2' of 'parcels' is not in service: '1' is"),
        ("/v2/models/parcels/infer/more", 404, "Not Found"),
        ("/v2/repository/index", 404, "Not Found"),
        ("/v2/models/parcels", 405, "Method Not Allowed"),
    ],
)
async def test_names_that_there_are_not(
    client: httpx.AsyncClient, path: str, status: int, told: str
) -> None:
    found, message = await refused(client, path=path, json={"inputs": tensors(ROWS)})

    assert found == status
    assert told in message


async def test_inference_is_only_posted(client: httpx.AsyncClient) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = await client.request(method, INFER)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json() == {"error": f"{INFER} takes POST"}


async def test_a_body_that_is_too_large_is_not_read(app: ASGIApp) -> None:
    scope = http(INFER, headers=[(b"content-length", b"4097")])

    (start, body), unread = await drive(app, scope, chunks(b"x" * 4097))

    assert (start["status"], len(unread)) == (413, 1)
    assert json.loads(body["body"]) == {"error": "the body is over 4096 bytes: send less at a time"}


@pytest.mark.parametrize("milliseconds", ["0", "soon", "-1"])
async def test_a_time_that_is_none(client: httpx.AsyncClient, milliseconds: str) -> None:
    status, message = await refused(
        client,
        json={"inputs": tensors(ROWS)},
        headers={"x-request-timeout-ms": milliseconds},
    )

    assert (status, message) == (
        422,
        "x-request-timeout-ms must be a whole number of milliseconds, 1 or more",
    )


def slow(go_on: asyncio.Event) -> Any:
    async def wait(frame: Frame) -> Frame:
        await go_on.wait()
        return await lookup(frame)

    return wait


@pytest.fixture
async def hanging(tmp_path: Path, limits: Limits) -> httpx.AsyncClient:
    """A client of a service whose stages hang, with room for one row that waits."""
    go_on = asyncio.Event()
    go_on.set()
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=slow(go_on)), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=2, in_flight=1, max_queued_rows=2))
    go_on.clear()
    transport = httpx.ASGITransport(edge(dataplane, limits))
    return httpx.AsyncClient(transport=transport, base_url="http://windsock")


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [({"x-request-timeout-ms": "20"}, {}), ({}, {"timeout": 20_000})],
)
async def test_a_time_that_passes(
    hanging: httpx.AsyncClient, headers: dict[str, str], parameters: dict[str, int]
) -> None:
    request = {"inputs": tensors(ROWS), "parameters": parameters}

    status, message = await refused(hanging, json=request, headers=headers)

    assert status == 408
    assert message


async def test_overload_says_when_to_try_again(hanging: httpx.AsyncClient) -> None:
    request = {"inputs": tensors(ROWS)}
    asked = [
        asyncio.create_task(hanging.post(INFER, json=request, headers={"x-request-id": "r"}))
        for _ in range(3)
    ]

    done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    answer = done.pop().result()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "rows are waiting already" in answer.json()["error"]


async def test_a_row_that_a_policy_refuses_fails_the_request(tmp_path: Path) -> None:
    async def refuse(frame: Frame) -> Frame:
        found = await lookup(frame)
        assert found.views is not None
        found.views.refused = np.array([-1, 1], np.int8)[: frame.rows]
        found.views.status[1, 1:] = Status.MISSING
        return found

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")
    dataplane.in_service["parcels"] = ServedVersion(
        parcels(), weighing(lookup=refuse), BatchSettings()
    )
    transport = httpx.ASGITransport(edge(dataplane, Limits()))
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        assert await refused(client, json={"inputs": tensors(ROWS)}) == (
            422,
            "row 1: feature view 'fleet' has no row for this entity, and its policy is to refuse",
        )


async def test_a_service_that_starts_or_fails_says_so_without_details(
    tmp_path: Path, limits: Limits
) -> None:
    async def fail(frame: Frame) -> Frame:
        raise ConnectionError("10.0.0.7")

    starting = Dataplane(BundleStore(tmp_path), weighing(), "parcels")
    failing = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")
    failing.in_service["parcels"] = ServedVersion(parcels(), weighing(lookup=fail), BatchSettings())
    for dataplane, why in ((starting, "no model version"), (failing, "could not answer")):
        transport = httpx.ASGITransport(edge(dataplane, limits))
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            status, message = await refused(client, json={"inputs": tensors(ROWS)})
        assert status == 503
        assert why in message
        assert "10.0.0.7" not in message


async def test_a_connection_stays_usable_after_any_refusal(app: ASGIApp) -> None:
    sound = json.dumps({"inputs": tensors(ROWS)}).encode()
    bomb = gzip.compress(b" " * 10**6)
    async with serving(app) as lane, Connection.to(lane.port) as connection:
        for path, body, status in [
            (INFER, b"{", 400),
            ("/v2/models/nobody/infer", sound, 404),
            ("/v2/models/parcels/versions/2/infer", sound, 409),
            (INFER, b"x" * 5000, 413),
            (INFER, b"{}", 422),
            ("/v2/health/live", sound, 405),
        ]:
            assert (await connection.post(path, body)).status == status
            assert (await connection.post(INFER, sound)).status == 200
        head = f"POST {INFER} HTTP/1.1\r\nhost: test\r\ncontent-encoding: gzip\r\n"
        connection.write(f"{head}content-length: {len(bomb)}\r\n\r\n".encode() + bomb)
        assert (await connection.answer()).status == 413
        assert (await connection.post(INFER, sound)).status == 200
