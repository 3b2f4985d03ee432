"""What is wrong is refused in the protocol's own form, whichever layer refuses it."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.types import ASGIApp

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from app.serving.served_version import ServedVersion
from deployments.bundle.bundle import BundleStore
from deployments.frames import Frame, Status
from tests.support.asgi import chunks, drive, http
from tests.support.chains import lookup, weighing
from tests.support.fast_lane import serving
from tests.support.http1 import Connection
from tests.support.manifests import parcels, store
from tests.support.oip import INFER, tensors
from tests.unit.app.protocols.oip.refused_requests import ROWS, refused


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
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs(limits=limits)))
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
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
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
        transport = httpx.ASGITransport(Application(dataplane, EdgeArgs(limits=limits)))
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
