"""A repo of three views, an on-demand view over two of them, and a service of all, whose rows are
served without Ray, by a clock that stands, from an online store that a test fills."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from feast import FeatureService, FeatureStore, Field, RequestSource
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Array, Bool, Float32, Float64, Int64, String, UnixTimestamp

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.edge.guards import Guards, Recorder
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import BundleStore
from deployments.bundle.manifest import Manifest
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame, Predicted, TensorFrame
from deployments.stage.timed import timed
from tests.support.lookups import promise
from tests.support.manifests import store as bundle_store
from tests.support.repos import STORE, applied, view

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
"""Where the clock stands. Each view has an event of each store every half hour of the day before,
the last of them five minutes ago."""
STORES = range(1, 9)
SERVICE = "warehouse_v1"
_BEHIND = timedelta(minutes=5)
_STEP = timedelta(minutes=30)

_KEY = Field(name="store_id", dtype=Int64)
_SALES = [
    _KEY,
    *(Field(name="amount", dtype=Float32), Field(name="count", dtype=Int64)),
    *(Field(name="open", dtype=Bool), Field(name="last_at", dtype=UnixTimestamp)),
]
_SHELF = [
    _KEY,
    *(Field(name="price", dtype=Float64), Field(name="label", dtype=String)),
    Field(name="sizes", dtype=Array(Int64)),
]
_STAFF = [_KEY, Field(name="people", dtype=Int64)]
_order = RequestSource(name="order", schema=[Field(name="quantity", dtype=Int64)])


def _worth(inputs: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(inputs["price"], inputs["quantity"], strict=True)
    return {"total": [None if one is None else one * many for one, many in pairs]}


def history(columns: Sequence[str], until: datetime = NOW) -> pd.DataFrame:
    """A day of events of each store, each with values of its own, up to ``until``."""
    rows = []
    for step in reversed(range(48)):
        at = NOW - _BEHIND - step * _STEP
        for store in STORES:
            number = (48 - step) * 10 + store
            values = {
                "amount": np.float32(number * 1.1),
                "count": number,
                "open": number % 2 == 0,
                "last_at": at - timedelta(seconds=number),
                "price": number * 0.1,
                "label": f"n{number}",
                "sizes": [number, number + 1],
                "people": number,
            }
            row = {"store_id": store, "event_timestamp": at}
            rows.append(row | {name: values[name] for name in columns})
    table = pd.DataFrame(rows)
    return table[table["event_timestamp"] <= until].reset_index(drop=True)


def _names(schema: Iterable[Field]) -> list[str]:
    return [field.name for field in schema if field.name != "store_id"]


VIEWS = {"sales": _SALES, "shelf": _SHELF, "staff": _STAFF}
TTL = {
    "sales": timedelta(days=1),
    "shelf": timedelta(0),
    "staff": timedelta(hours=1),
}


def warehouse(folder: Path, logging: Any = None, **settings: Any) -> FeatureStore:
    """The repo, with an offline store that has all, and an empty online store."""
    views = {
        name: view(folder, name, [STORE], schema, history(_names(schema)), ttl=TTL[name])
        for name, schema in VIEWS.items()
    }
    _worth.__module__ = __name__  # Feast makes it __main__, and then looks for it there
    worth = on_demand_feature_view(
        sources=[views["shelf"][["price"]], _order],
        schema=[Field(name="total", dtype=Float64)],
        mode="python",
        name="worth",
    )(_worth)
    service = FeatureService(
        name=SERVICE, features=[*views.values(), worth], logging_config=logging
    )
    return applied(folder, STORE, *views.values(), worth, service, **settings)


def fill(store: FeatureStore, late: Mapping[str, timedelta] | None = None) -> None:
    """The online store, as it is at ``NOW``; each of the views that are ``late`` as it was so long
    before."""
    for name, schema in VIEWS.items():
        until = NOW - (late or {}).get(name, timedelta(0))
        store.write_to_online_store(name, history(_names(schema), until).tail(len(STORES)))


@dataclass
class Warehouse:
    """``ask`` gets predictions of rows, ``manifest`` is of what they are made by."""

    folder: Path
    manifest: Manifest
    client: httpx.AsyncClient

    @property
    def bundles(self) -> BundleStore:
        return BundleStore(self.folder / "models")

    async def ask(self, rows: Sequence[Mapping[str, Any]] | None = None, **headers: str) -> None:
        """Rows of all stores, or of these, in one request."""
        given = rows or [row(store) for store in STORES]
        answer = await self.client.post(
            "/predict/batch", json={"instances": list(given)}, headers=headers
        )
        assert answer.is_success, answer.text


def row(store: int, quantity: int = 2) -> dict[str, Any]:
    return {"store_id": store, "quantity": quantity}


@asynccontextmanager
async def serving(
    folder: Path,
    store: FeatureStore,
    *recorders: Recorder,
    service: str = SERVICE,
    **lookup: Any,
) -> AsyncIterator[Warehouse]:
    """The service, or another, told to these recorders; ``lookup`` are settings of the feature
    stage."""
    manifest = promise(resolve(store, service))
    if (folder / "models").exists():
        bundles = BundleStore(folder / "models")
    else:
        bundles = bundle_store(folder / "models", manifest)
    clock = ReplayClock(mode="replay", start=NOW, speed=0)
    settings = LookupSettings(**{"clock": clock, "budget_s": 30, **lookup})
    stage = FeatureLookup(lambda: store, bundles, settings)
    chain = Chain(timed(stage.lookup), timed(_preprocess), timed(_predict))
    dataplane = Dataplane(bundles, chain, manifest.name)
    guards = Guards(recorders=recorders)
    await guards.start()
    try:
        await dataplane.activate(manifest.version, BatchSettings())
        app = Application(dataplane, EdgeArgs(auth=False), guards=guards)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
            yield Warehouse(folder, manifest, client)
    finally:
        await guards.close()


async def _preprocess(frame: Frame) -> TensorFrame:
    return TensorFrame(frame.model, {"rows": np.zeros(frame.rows, np.float32)})


async def _predict(frame: TensorFrame) -> Predicted:
    return Predicted({"late": frame.inputs["rows"]})
