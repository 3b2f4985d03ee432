"""What a record says, of every protocol: what was asked, what was answered, and from what."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.asgi import Application
from app.audit.entries import Entry
from app.audit.log import AuditLog
from app.audit.settings import AuditSettings
from app.config import BatchSettings, EdgeArgs, Limits
from app.edge.guards import Guards
from app.serving.dataplane import Dataplane
from deployments.frames import Frame, Status, ViewStates
from deployments.model_id import ModelId
from tests.support.audited import recorded
from tests.support.chains import lookup, weighing
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.oip import INFER, grpc_door, tensors
from tests.support.streams import stream
from tests.unit.app.protocols.oip.grpc_requests import methods_of, request_of
from tests.unit.app.protocols.stream.services import service

HEAVY = EXAMPLE | {"weight": 500}
ROW = b'["north",7,250.0,3,true,1714551300.0]'
"""The example as it is hashed: its cells, in the order of the contract."""


def _client(dataplane: Dataplane, log: AuditLog) -> httpx.AsyncClient:
    app = Application(dataplane, EdgeArgs(), guards=Guards(recorders=[log]))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://windsock")


def _costs(entry: Entry) -> list[Any]:
    return [row.outputs.get("cost") for row in entry.rows]


async def test_of_a_prediction_all_is_said(
    dataplane: Dataplane, log: AuditLog, settings: AuditSettings
) -> None:
    async with _client(dataplane, log) as client:
        answer = await client.post("/predict", json=EXAMPLE, headers={"x-request-id": "mine"})

    (entry,) = recorded(settings)
    assert (entry.request, entry.route, entry.outcome) == ("mine", "/predict", "answered")
    assert entry.model == ModelId("parcels", "1")
    assert 0 < entry.latency_us < 10e6
    (row,) = entry.rows
    assert row.outputs == answer.json()["outputs"]
    assert row.inputs == sha256(ROW).hexdigest()
    assert (
        httpx.Response(200, content=bytes(row.features)).json()
        == (answer.json()["features"]["views"])
    )


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_rows_of_a_batch_stand_in_their_order(
    dataplane: Dataplane, log: AuditLog, settings: AuditSettings, accept: str
) -> None:
    batch = {"instances": [EXAMPLE, HEAVY]}
    async with _client(dataplane, log) as client:
        await client.post("/predict/batch", json=batch, headers={"accept": accept})

    (entry,) = recorded(settings)
    assert _costs(entry) == [500.0, 1000.0]
    assert [row.row for row in entry.rows] == [0, 1]


async def test_the_same_row_has_the_same_hash_whatever_carries_it(
    tmp_path: Path, dataplane: Dataplane, limits: Limits, log: AuditLog, settings: AuditSettings
) -> None:
    guards = Guards(recorders=[log])
    async with _client(dataplane, log) as client:
        await client.post("/predict", json=EXAMPLE)
        await client.post("/predict/batch", json={"instances": [EXAMPLE]})
        await client.post(INFER, json={"inputs": tensors([EXAMPLE])})
    async with grpc_door(methods_of(dataplane, limits, guards)) as stub:
        await stub.ModelInfer(request_of([EXAMPLE]))
    async with service(tmp_path / "other", guards=guards) as served, stream(served.url) as socket:
        await socket.ask("a", EXAMPLE)

    entries = recorded(settings)
    assert [entry.route for entry in entries] == [
        *("/predict", "/predict/batch", "/v2/models/{model}/infer"),
        *("/inference.GRPCInferenceService/ModelInfer", "/predict/stream"),
    ]
    assert {row.inputs for entry in entries for row in entry.rows} == {sha256(ROW).hexdigest()}
    assert [_costs(entry) for entry in entries] == [[500.0]] * 5
    assert entries[-1].id == "a"


async def test_a_request_in_several_batches_has_a_record_in_each(
    tmp_path: Path, log: AuditLog, settings: AuditSettings
) -> None:
    dataplane = Dataplane(store(tmp_path / "models", parcels()), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=2))
    batch = {"instances": [EXAMPLE | {"weight": weight} for weight in range(5)]}
    async with _client(dataplane, log) as client:
        await client.post("/predict/batch", json=batch, headers={"x-request-id": "large"})

    entries = recorded(settings, request="large")
    assert [[row.row for row in entry.rows] for entry in entries] == [[0, 1], [2, 3], [4]]
    assert [cost for entry in entries for cost in _costs(entry)] == [0.0, 2.0, 4.0, 6.0, 8.0]


async def test_requests_of_one_batch_are_told_apart(
    tmp_path: Path, log: AuditLog, settings: AuditSettings
) -> None:
    async with (
        service(tmp_path / "served", guards=Guards(recorders=[log])) as served,
        stream(served.url) as socket,
    ):
        for weight in range(100):
            await socket.send(weight, EXAMPLE | {"weight": weight})
        await socket.answers(100)

    entries = recorded(settings)
    assert {entry.id: _costs(entry) for entry in entries} == {n: [2.0 * n] for n in range(100)}
    assert len({entry.number for entry in entries}) < 100


async def _refusing(frame: Frame) -> Frame:
    """Rows of more than 400 are refused for a view that is stale."""
    found = await lookup(frame)
    assert found.views is not None
    heavy = frame.columns["weight"] > 400
    status = found.views.status.copy()
    status[0, heavy] = Status.STALE
    refused = np.where(heavy, 0, -1)
    views = ViewStates(found.views.names, status, found.views.age_s, refused)
    return Frame(found.model, found.rows, found.columns, views)


async def test_a_refused_row_is_recorded_with_why(
    tmp_path: Path, log: AuditLog, settings: AuditSettings
) -> None:
    dataplane = Dataplane(store(tmp_path / "models", parcels()), weighing(_refusing), "parcels")
    await dataplane.activate("1", BatchSettings())
    async with _client(dataplane, log) as client:
        await client.post("/predict/batch", json={"instances": [EXAMPLE, HEAVY]})
        await client.post("/predict", json=HEAVY)
        await client.post(INFER, json={"inputs": tensors([EXAMPLE, HEAVY])})

    batch, single, part, whole = recorded(settings)
    assert (batch.outcome, single.outcome) == ("answered", "stale_features")
    assert _costs(batch) == [500.0, None]
    told = batch.rows[1].error
    assert told is not None
    assert told.code == "stale_features"
    assert b'"status":"stale"' in bytes(batch.rows[1].features)
    # The protocol has no error for a row: one that is refused fails the request.
    assert (part.request, part.outcome) == (whole.request, "answered")
    assert whole.failure is not None
    assert (whole.outcome, whole.failure.row) == ("stale_features", 1)
