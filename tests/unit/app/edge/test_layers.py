"""A layer as one would add it: what it knows of a call, whatever carries it."""

from functools import partial
from typing import Any

import grpc
import httpx
import pytest

from app import asgi
from app.config import EdgeArgs, Limits
from app.edge.guards import Guards
from app.edge.layers import Call, Handler, Layer
from app.edge.route import Cost
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, FeaturesRefused
from tests.support.asgi import drive
from tests.support.oip import grpc_door
from tests.unit.app.protocols.oip.grpc_requests import methods_of, refused

CHALLENGE = ("www-authenticate", "Bearer")


class Keys:
    """Refuses predictions, and only these, as if they lacked a key."""

    errors = (ErrorCode.STALE_FEATURES,)

    def __init__(self, handler: Handler, seen: list[str]) -> None:
        self._handler = handler
        self._seen = seen

    async def __call__(self, call: Call) -> Any:
        self._seen.append(call.route.path)
        if call.route.cost is Cost.PREDICTION:
            error = FeaturesRefused(self.errors[0], "a key, please")
            error.headers = [CHALLENGE]
            raise error
        return await self._handler(call)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The routes of what came to the layer."""
    seen: list[str] = []
    listed = asgi.layers

    def more(args: EdgeArgs, guards: Guards) -> list[Layer]:
        return [*listed(args, guards), Layer(partial(Keys, seen=seen), Keys.errors)]

    monkeypatch.setattr(asgi, "layers", more)
    return seen


async def test_over_http_it_knows_the_route_and_its_cost(
    seen: list[str], client: httpx.AsyncClient
) -> None:
    infer = await client.post("/v2/models/parcels/infer", json={})
    health = await client.get("/health")
    nowhere = await client.get("/nowhere")

    assert (infer.status_code, infer.headers[CHALLENGE[0]]) == (503, CHALLENGE[1])
    assert (health.status_code, nowhere.status_code) == (200, 404)
    assert seen == ["/v2/models/{model}/infer", "/health", ""]


async def test_a_socket_is_a_prediction(
    seen: list[str], dataplane: Dataplane, limits: Limits
) -> None:
    app = asgi.Application(dataplane, EdgeArgs(limits=limits))
    scope = {"type": "websocket", "path": "/predict/stream", "headers": []}

    (closed,), _ = await drive(app, scope, [{"type": "websocket.connect"}])

    assert (closed["type"], closed["reason"]) == ("websocket.close", "a key, please")
    assert seen == ["/predict/stream"]


async def test_over_grpc_it_knows_the_same(
    seen: list[str], dataplane: Dataplane, limits: Limits
) -> None:
    async with grpc_door(methods_of(dataplane, limits)) as stub:
        live = await stub.ServerLive(pb.ServerLiveRequest())
        error = await refused(stub.ModelInfer(pb.ModelInferRequest(model_name="parcels")))

    assert live.live
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert CHALLENGE in tuple(error.trailing_metadata() or ())
    service = "/inference.GRPCInferenceService"
    assert seen == [f"{service}/ServerLive", f"{service}/ModelInfer"]


async def test_its_errors_are_in_the_document_of_every_route(
    seen: list[str], client: httpx.AsyncClient
) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    operations = [one for methods in paths.values() for one in methods.values()]
    assert len(operations) > 10
    assert all("503" in operation["responses"] for operation in operations)
