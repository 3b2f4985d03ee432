"""A service that tells what a request held, and answers in outputs of every kind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.protocols.oip.grpc import InferenceMethods
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.manifest import FieldSpec, Manifest, OutputSpec
from deployments.columns import Integers
from deployments.frames import Frame, Predicted, Status, TensorFrame, ViewStates
from deployments.stage.timed import timed
from tests.support.fast_lane import serving
from tests.support.manifests import field, manifest, store
from tests.support.oip import grpc_door
from tests.support.streams import Client, stream
from windsock import AsyncWindsock

MODEL = "types"
OUTPUTS = [
    OutputSpec(name="score", dtype="float32"),
    OutputSpec(name="exact", dtype="float64"),
    OutputSpec(name="half", dtype="float16", shape=[2]),
    OutputSpec(name="count", dtype="int64"),
    OutputSpec(name="small", dtype="uint8", shape=[2, 3]),
    OutputSpec(name="flag", dtype="bool"),
    OutputSpec(name="kind", dtype="int64", labels=["cat", "dog"]),
    OutputSpec(name="best", dtype="int32", shape=[2], labels=["a", "b", "c"]),
    OutputSpec(name="chance", dtype="float32", shape=[2], labels=["no", "yes"]),
]


@dataclass(frozen=True)
class Service:
    """Its address, and clients of it."""

    url: str
    http: httpx.AsyncClient
    stub: Any
    client: AsyncWindsock
    stream: Client


def described(fields: Sequence[FieldSpec], key: FieldSpec) -> Manifest:
    """A manifest with these fields and ``row``, and a feature of each that has its value."""
    views = {"echo": {one.name: one.dtype for one in [key, *fields]}}
    requested = [field("row", "int64"), *fields]
    made = manifest(name=MODEL, entities=[key], request_features=requested, views=views)
    made.outputs = OUTPUTS
    return made


@asynccontextmanager
async def service(
    folder: Path, fields: Sequence[FieldSpec], key: FieldSpec | None = None
) -> AsyncIterator[Service]:
    """A service of these fields behind all of its doors."""
    about = described(fields, key or field("key", "string"))
    chain = Chain(timed(_lookup), timed(_preprocess), timed(_predict))
    dataplane = Dataplane(store(folder, about), chain, MODEL)
    await dataplane.activate("1", BatchSettings())
    args = EdgeArgs()
    app = Application(dataplane, args)
    methods = InferenceMethods(dataplane, args.limits, app.handle)
    async with serving(app) as lane, grpc_door(methods) as stub:
        url = f"http://127.0.0.1:{lane.port}"
        async with (
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
            AsyncWindsock(url, trust_env=False) as client,
            stream(url, "?values=true") as socket,
        ):
            yield Service(url, http, stub, client, socket)


async def _lookup(frame: Frame) -> Frame:
    echoed = {f"echo__{name}": column for name, column in frame.columns.items() if name != "row"}
    views = ViewStates(
        ("echo",), np.full((1, frame.rows), Status.FRESH, np.int8), np.zeros((1, frame.rows))
    )
    return Frame(frame.model, frame.rows, frame.columns | echoed, views)


async def _preprocess(frame: Frame) -> TensorFrame:
    row = frame.columns["row"]
    assert isinstance(row, Integers)
    return TensorFrame(frame.model, {"row": row.values})


async def _predict(frame: TensorFrame) -> Predicted:
    by_row = [answered(row) for row in frame.inputs["row"].tolist()]
    return Predicted(
        {one.name: np.array([row[one.name] for row in by_row], one.dtype) for one in OUTPUTS}
    )


def answered(row: int) -> dict[str, Any]:
    """What the program makes of a row."""
    return {
        "score": 0.1 + row,
        "exact": 0.1 + row,
        "half": [0.5, row],
        "count": 2**53 + 1 + row,
        "small": [[row, 1, 2], [3, 4, 255]],
        "flag": row == 1,
        "kind": row % 2,
        "best": [2, row % 3],
        "chance": [0.25, row],
    }
