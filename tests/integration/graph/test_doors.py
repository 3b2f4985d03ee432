"""Clients as they are in the field, at both HTTP doors and the gRPC door of a running graph."""

import gzip
import json
import socket
import zlib
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2 as health
from grpc_health.v1.health_pb2_grpc import HealthStub
from websockets.exceptions import ConnectionClosedError
from websockets.frames import CloseCode
from websockets.sync.client import connect

from app.protocols.oip.proto import open_inference_grpc_pb2 as messages
from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.oip import grpc_stub

Row = dict[str, Any]

H2C = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAA\r\n"


@pytest.fixture
def row() -> Row:
    found: Row = instances(departures(NOON, hours=2, count=1))[0]
    return found


def asked(url: str, data: bytes, answers: int = 1) -> list[httpx.Response]:
    """What comes back for these bytes on one connection, until it is closed or so many came."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    found = []
    with closing(socket.create_connection((address.hostname, address.port), timeout=30)) as door:
        door.sendall(data)
        stream = door.makefile("rb")
        for _ in range(answers):
            status = int(stream.readline().split()[1])
            headers = {}
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            length = headers.get("content-length")
            body = stream.read(int(length)) if length else stream.read()
            found.append(httpx.Response(status, headers=headers, content=body))
    return found


def post(path: str, body: bytes, *more: str, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "host: test", f"content-length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_an_offer_of_http2_is_ignored(url: str, row: Row) -> None:
    offered = post("/predict", json.dumps(row).encode(), H2C.rstrip())

    answers = asked(url, offered * 3, 3)

    assert [one.status_code for one in answers] == [200] * 3


def test_a_body_may_be_compressed_and_marked(url: str, row: Row) -> None:
    for body, headers in (
        (gzip.compress(json.dumps(row).encode()), {"content-encoding": "gzip"}),
        (json.dumps(row).encode("utf-8-sig"), {}),
    ):
        assert httpx.post(f"{url}/predict", content=body, headers=headers).status_code == 200
    refused = httpx.post(f"{url}/predict", content=b"x", headers={"content-encoding": "br"})

    assert (refused.status_code, "'br'" in refused.json()["error"]["message"]) == (415, True)


def test_what_unpacks_to_too_much_is_refused(url: str, graph: Graph) -> None:
    spaces = b" " * 10**8
    for name, body in (("gzip", gzip.compress(spaces)), ("deflate", zlib.compress(spaces))):
        for path in ("/predict", "/predict/batch", "/v2/models/flight_delay/infer"):
            refused = httpx.post(f"{url}{path}", content=body, headers={"content-encoding": name})
            assert refused.status_code == 413
    stream = f"{url.replace('http', 'ws')}/predict/stream"
    with connect(stream, compression="deflate") as socket:
        socket.send(spaces.decode())
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(timeout=30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CloseCode.MESSAGE_TOO_BIG
    with grpc.insecure_channel(graph.server.grpc, compression=grpc.Compression.Gzip) as channel:
        asking = messages.ModelInferRequest(raw_input_contents=[bytes(10**8)])
        with pytest.raises(grpc.RpcError) as caught:
            grpc_stub(channel).ModelInfer(asking, timeout=30)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_client_of_http_1_0_gets_lines_until_close(url: str, row: Row) -> None:
    body = json.dumps({"instances": [row, row]}).encode()
    data = post("/predict/batch", body, "accept: application/x-ndjson", version="1.0")

    (answer,) = asked(url, data)

    assert "transfer-encoding" not in answer.headers
    assert sorted(json.loads(line)["row"] for line in answer.text.splitlines()) == [0, 1]


def test_a_head_that_is_too_large_is_refused_in_form(url: str) -> None:
    (answer,) = asked(url, post("/predict", b"{}", f"x-large: {'1' * 20_000}"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "headers_too_large")


def test_what_is_no_request_is_refused(url: str, graph: Graph) -> None:
    for data in (
        post("/predict", b"{}", "host: other"),
        post("/predict", b"{}", "transfer-encoding : chunked"),
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ):
        (answer,) = asked(url, data)

        assert answer.status_code == 400
        if url == graph.server.fast_lane or "haproxy" not in graph.name:
            assert answer.json()["error"]["code"] == "malformed_request"


def test_a_probe_of_grpc_is_answered(graph: Graph) -> None:
    with grpc.insecure_channel(graph.server.grpc) as channel:
        stub = HealthStub(channel)
        for name in ("", "inference.GRPCInferenceService"):
            answer = stub.Check(health.HealthCheckRequest(service=name), timeout=30)
            assert answer.status == health.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health.HealthCheckRequest(service="other"), timeout=30)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.Watch(health.HealthCheckRequest(), timeout=30))
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
