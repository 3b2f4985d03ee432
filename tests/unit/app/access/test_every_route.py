"""Who is let in: every route and every method of every protocol, shown everything that is wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.message_factory import GetMessageClass
from starlette.types import Message

from app.access.principal import Scope
from app.config import Limits
from app.edge.http import WEBSOCKET
from app.edge.route import Access, Route
from app.ingress import IngressReplica
from app.protocols.health import grpc_service as health
from app.protocols.oip import grpc_service as oip
from app.serving.dataplane import Dataplane
from tests.support.asgi import drive, http
from tests.support.guarded import Guarded
from tests.support.oip import Door

NAMES = {"model": "parcels", "version": "1"}
SERVICES = [oip, health]
CHALLENGE = "www-authenticate"
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
FORBIDDEN = grpc.StatusCode.PERMISSION_DENIED
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED


@asynccontextmanager
async def asking(service: Guarded) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


def requests_of(service: Guarded) -> list[Route]:
    return [route for route in service.app.served if route.method != WEBSOCKET]


async def status_of(
    client: httpx.AsyncClient, route: Route, authorization: str | None, query: str = ""
) -> httpx.Response:
    headers = {} if authorization is None else {"authorization": authorization}
    path = route.path.format(**NAMES) + query
    content = b"{}" if route.method == "POST" else b""
    return await client.request(route.method, path, content=content, headers=headers)


async def test_nobody_is_let_in_over_http(service: Guarded) -> None:
    wrong = []
    async with asking(service) as client:
        for route in requests_of(service):
            for name, shown in {"nothing at all": None, **service.bad}.items():
                answer = await status_of(client, route, shown)
                if route.access is Access.OPEN:
                    right = answer.status_code not in (401, 403)
                else:
                    right = answer.status_code == 401
                    right &= answer.headers.get(CHALLENGE, "").startswith("Bearer")
                if not right:
                    wrong.append((route.method, route.path, name, answer.status_code))
    assert not wrong


async def test_who_is_let_in_may_what_its_scopes_allow_over_http(service: Guarded) -> None:
    wrong = []
    async with asking(service) as client:
        for route in requests_of(service):
            scoped = not isinstance(route.access, Access)
            for name, shown in service.good.items():
                answer = await status_of(client, route, shown)
                if answer.status_code in (401, 403):
                    wrong.append((route.path, name, answer.status_code))
            for name, shown in service.under.items():
                answer = await status_of(client, route, shown)
                if (answer.status_code == 403) != scoped or answer.status_code == 401:
                    wrong.append((route.path, f"under-scoped {name}", answer.status_code))
    assert not wrong


async def test_a_ticket_lets_nobody_in_over_http(service: Guarded) -> None:
    async with asking(service) as client:
        shown = {"authorization": service.good["key"]}
        ticket = (await client.post("/predict/stream/ticket", headers=shown)).json()["ticket"]
        for route in requests_of(service):
            answer = await status_of(client, route, None, f"?ticket={ticket}")
            assert (answer.status_code == 401) == (route.access is not Access.OPEN), route.path


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/predict", "/v2/models/other/infer", "/metrics"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_what_is_there_is_told_to_nobody_who_may_not_know(
    service: Guarded, path: str, method: str
) -> None:
    async with asking(service) as client:
        nobody = await client.request(method, path)
        known = await client.request(method, path, headers={"authorization": service.good["key"]})

    assert known.status_code in (404, 405, 307)
    assert nobody.status_code == (307 if known.status_code == 307 else 401)
    assert "allow" not in nobody.headers


@pytest.mark.parametrize(
    "path",
    [
        "//predict",
        "/predict/",
        "/./predict",
        "/health/../predict",
        "/health/ready/../../predict",
        "/%70redict",
        "/predict%00",
        "/predict;a=b",
        "/docs/../predict",
        "/PREDICT",
    ],
)
async def test_no_way_of_writing_a_path_goes_past_it(service: Guarded, path: str) -> None:
    scope = http(path, headers=[])
    sent, _ = await drive(service.app, scope, [{"type": "http.request", "body": b"{}"}])

    assert sent[0]["status"] in (307, 401)


async def handshake(service: Guarded, shown: str | None, query: bytes = b"") -> list[Message]:
    headers = [] if shown is None else [(b"authorization", shown.encode())]
    scope = http("/predict/stream", type="websocket", headers=headers, query_string=query)
    scope["extensions"] = {"websocket.http.response": {}}
    del scope["method"]
    messages = [{"type": "websocket.connect"}, {"type": "websocket.disconnect"}]
    sent, _ = await drive(service.app, scope, messages)
    return sent


async def test_nobody_opens_a_socket(service: Guarded) -> None:
    for name, shown in {"nothing at all": None, **service.bad}.items():
        sent = await handshake(service, shown)
        assert sent[0]["status"] == 401, name
        assert CHALLENGE.encode() in dict(sent[0]["headers"])
    for shown in service.under.values():
        assert (await handshake(service, shown))[0]["status"] == 403
    for shown in service.good.values():
        assert (await handshake(service, shown))[0]["type"] == "websocket.accept"


async def test_a_socket_that_is_not_there_is_told_to_nobody(service: Guarded) -> None:
    scope = http("/nowhere", type="websocket", extensions={"websocket.http.response": {}})
    del scope["method"]
    sent, _ = await drive(service.app, scope, [{"type": "websocket.connect"}])

    assert sent[0]["status"] == 401


METHODS: dict[str, Access | Scope] = {
    "ServerLive": Access.OPEN,
    "ServerReady": Access.OPEN,
    "ModelReady": Access.OPEN,
    "Check": Access.OPEN,
    "ServerMetadata": Access.KNOWN,
    "ModelMetadata": Access.KNOWN,
    "ModelInfer": Scope.PREDICT,
}


@asynccontextmanager
async def called(service: Guarded, dataplane: Dataplane) -> AsyncIterator[grpc.aio.Channel]:
    """All methods of the ingress, over a real connection."""
    methods = type("Methods", IngressReplica.__bases__, {})(dataplane, Limits(), service.app.handle)
    server = grpc.aio.server()
    for one in SERVICES:
        one.add_to_server(Door(methods), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


async def answered(
    channel: grpc.aio.Channel, service: Any, name: str, shown: str | None
) -> tuple[grpc.StatusCode, dict[str, str]]:
    """The status of an empty request to a method, and its trailers."""
    method = service.methods_by_name[name]
    call = channel.unary_unary(
        f"/{service.full_name}/{name}",
        GetMessageClass(method.input_type).SerializeToString,
        GetMessageClass(method.output_type).FromString,
    )(
        GetMessageClass(method.input_type)(),
        metadata=[] if shown is None else [("authorization", shown)],
    )
    return await call.code(), dict(await call.trailing_metadata())


async def test_over_grpc_it_is_the_same(service: Guarded, dataplane: Dataplane) -> None:
    wrong, seen = [], set()
    async with called(service, dataplane) as channel:
        for descriptor in (one.DESCRIPTOR for one in SERVICES):
            for name in descriptor.methods_by_name:
                if (await answered(channel, descriptor, name, None))[0] is UNIMPLEMENTED:
                    continue
                seen.add(name)
                access = METHODS[name]
                for why, shown in {"nothing at all": None, **service.bad}.items():
                    status, trailers = await answered(channel, descriptor, name, shown)
                    if (status is UNAUTHENTICATED) == (access is Access.OPEN):
                        wrong.append((name, why, status))
                    elif access is not Access.OPEN and CHALLENGE not in trailers:
                        wrong.append((name, why, trailers))
                for why, shown in service.under.items():
                    status, _ = await answered(channel, descriptor, name, shown)
                    if (status is FORBIDDEN) == isinstance(access, Access):
                        wrong.append((name, f"under-scoped {why}", status))
                for why, shown in service.good.items():
                    status, _ = await answered(channel, descriptor, name, shown)
                    if status in (UNAUTHENTICATED, FORBIDDEN):
                        wrong.append((name, why, status))
    assert not wrong
    assert seen == METHODS.keys()
