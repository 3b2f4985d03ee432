"""The Open Inference Protocol on the running graph, through each of its doors."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import httpx
import psutil
import pytest

from app.protocols.oip.binary import HEADER
from app.protocols.oip.proto import open_inference_grpc_pb2 as pb
from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.http1 import Connection
from tests.support.oip import encoded, grpc_stub, outputs_behind
from tests.support.serve import Server
from tests.support.wait import wait_until

INFER = "/v2/models/flight_delay/infer"
MOST_ROWS = 10_000

Row = dict[str, Any]


@pytest.fixture
def rows() -> list[Row]:
    return instances(departures(NOON, hours=6, count=20))


@pytest.fixture
def stub(graph: Graph) -> Iterator[Any]:
    with grpc.insecure_channel(graph.server.grpc) as channel:
        yield grpc_stub(channel)


def tensors(rows: list[Row]) -> list[dict[str, Any]]:
    """All fields of a flight are text."""
    return [
        {"name": name, "datatype": "BYTES", "shape": [len(rows)], "data": [r[name] for r in rows]}
        for name in rows[0]
    ]


def message(rows: list[Row], **more: Any) -> Any:
    request = pb.ModelInferRequest(model_name="flight_delay", **more)
    for one in tensors(rows):
        request.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
        request.raw_input_contents.append(encoded("BYTES", one["data"]))
    return request


def test_binary_tensors_and_compression_come_through(url: str, rows: list[Row]) -> None:
    blocks = [encoded("BYTES", one["data"]) for one in tensors(rows)]
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [len(rows)]}
        | {"parameters": {"binary_data_size": len(block)}}
        for name, block in zip(rows[0], blocks, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body = gzip.compress(head + b"".join(blocks))
    headers = {HEADER: str(len(head)), "content-encoding": "gzip", "accept-encoding": "deflate"}

    answer = httpx.post(f"{url}{INFER}", content=body, headers=headers, timeout=30)

    assert answer.headers["content-encoding"] == "deflate"
    _, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    rest = httpx.post(f"{url}/predict/batch", json={"instances": rows}, timeout=30).json()
    expected = [one["outputs"]["late_probability"] for one in rest["predictions"]]
    assert found["late_probability"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("path", "body", "headers", "refused"),
    [
        (INFER, b"{", {}, (400, "the body is not valid JSON")),
        (INFER, b"{}", {}, (422, "inputs is missing")),
        (INFER, b"{}", {HEADER: "7"}, (400, f"{HEADER} must be the length of the JSON")),
        (INFER, b"{}", {"content-encoding": "gzip"}, (400, "not whole and encoded by gzip")),
        (INFER, b"{}", {"content-encoding": "br"}, (415, "by gzip, by deflate or not at all")),
        (INFER, gzip.compress(b" " * 10**8), {"content-encoding": "gzip"}, (413, "over 8388608")),
        (INFER, b" " * (8 * 2**20 + 1), {}, (413, "over 8388608 bytes")),
        (INFER, b"{}", {"x-request-timeout-ms": "soon"}, (422, "whole number of milliseconds")),
        ("/v2/models/nobody/infer", b"{}", {}, (404, "there is no model 'nobody'")),
        ("/v2/models/flight_delay/versions/0/infer", b"{}", {}, (404, "no version '0'")),
        ("/v2/models/flight_delay/steps", b"{}", {}, (404, "Not Found")),
        ("/v2/health/ready", b"{}", {}, (405, "Method Not Allowed")),
    ],
)
def test_mistakes_have_the_protocols_form(
    url: str, path: str, body: bytes, headers: dict[str, str], refused: tuple[int, str]
) -> None:
    answer = httpx.post(f"{url}{path}", content=body, headers=headers, timeout=30)

    status, told = refused
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}
    assert told in answer.json()["error"]


async def test_a_connection_stays_usable_after_a_mistake(url: str, rows: list[Row]) -> None:
    sound = json.dumps({"inputs": tensors(rows)}).encode()
    wrong = json.dumps({"inputs": tensors([row | {"dest": "x" * 257} for row in rows])}).encode()
    async with Connection.to(int(url.rsplit(":", 1)[1])) as connection:
        for path, body, status in [
            (INFER, wrong, 422),
            (INFER, b"{", 400),
            ("/v2/models/nobody/infer", sound, 404),
        ]:
            assert (await connection.post(path, body)).status == status
            assert (await connection.post(INFER, sound)).status == 200


def test_a_request_may_say_how_long_it_will_wait(url: str, rows: list[Row]) -> None:
    many = {"inputs": tensors(rows * (MOST_ROWS // len(rows)))}

    answer = httpx.post(
        f"{url}{INFER}", json=many, headers={"x-request-timeout-ms": "20"}, timeout=30
    )

    assert (answer.status_code, answer.json().keys()) == (408, {"error"})


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"model_version": "0"}, "NOT_FOUND", "there is no version '0'"),
        ({"outputs": [{"name": "price"}]}, "INVALID_ARGUMENT", "unknown output 'price'"),
        ({"id": "x" * 2**23}, "INVALID_ARGUMENT", "the body is over 8388608 bytes"),
    ],
)
def test_mistakes_have_a_status_over_grpc(
    stub: Any, rows: list[Row], change: dict[str, Any], status: str, told: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(message(rows, **change), timeout=30, metadata=(("x-request-id", "r1"),))

    error: Any = caught.value
    assert (error.code().name, told in error.details()) == (status, True)
    assert ("x-request-id", "r1") in tuple(error.trailing_metadata())
    assert len(stub.ModelInfer(message(rows), timeout=30).outputs) == 2


def test_a_call_that_unpacks_to_too_much_is_refused_at_the_door(stub: Any, rows: list[Row]) -> None:
    bomb = message(rows, id="x" * (2**25 + 1))

    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(bomb, timeout=30, compression=grpc.Compression.Gzip)

    error: Any = caught.value
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(stub.ModelInfer(message(rows), timeout=30).outputs) == 2


def test_a_call_may_say_how_long_it_will_wait(stub: Any, rows: list[Row]) -> None:
    many = message(rows * (MOST_ROWS // len(rows)))

    with pytest.raises(grpc.RpcError) as caught:
        stub.ModelInfer(many, timeout=30, metadata=(("x-request-timeout-ms", "50"),))

    error: Any = caught.value
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details() == "no answer within 0.05 s"


@pytest.mark.parametrize("how", ["cancelled", "past its deadline"])
def test_a_call_that_is_given_up_is_worked_on_no_longer(
    graph: Graph, stub: Any, rows: list[Row], how: str
) -> None:
    many = message(rows * (MOST_ROWS // len(rows)), outputs=[{"name": "late_probability"}])
    replicas = _replicas(graph.server)
    stub.ModelInfer(many, timeout=60)
    began = time.monotonic()
    stub.ModelInfer(many, timeout=60)
    took_s = time.monotonic() - began

    def give_up() -> None:
        if how == "cancelled":
            call = stub.ModelInfer.future(many, timeout=60)
            with pytest.raises(grpc.FutureTimeoutError):
                call.result(took_s / 3)
            call.cancel()
        else:
            with pytest.raises(grpc.RpcError):
                stub.ModelInfer(many, timeout=took_s / 3)

    whole_s = _work_s(replicas, lambda: stub.ModelInfer(many, timeout=60))
    assert _work_s(replicas, give_up) < whole_s * 0.75


def _replicas(server: Server) -> list[psutil.Process]:
    family = psutil.Process(server.process.pid).children(recursive=True)
    return [one for one in family if "ServeReplica" in " ".join(one.cmdline())]


def _work_s(replicas: list[psutil.Process], call: Callable[[], object]) -> float:
    """What a call takes of the processors, apart from what replicas take at rest."""
    wait_until(lambda: _idle(replicas), "idle replicas")
    began, before = time.monotonic(), _cpu_s(replicas)
    psutil.wait_procs(replicas, timeout=1)
    at_rest = (_cpu_s(replicas) - before) / (time.monotonic() - began)
    began, before = time.monotonic(), _cpu_s(replicas)
    call()
    wait_until(lambda: _idle(replicas), "idle replicas")
    return _cpu_s(replicas) - before - at_rest * (time.monotonic() - began)


def _cpu_s(replicas: list[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in replicas)


def _idle(replicas: list[psutil.Process]) -> bool:
    """Whether they take less than a fifth of a core, over half a second: health checks do take
    some of it."""
    before = _cpu_s(replicas)
    return not psutil.wait_procs(replicas, timeout=0.5)[0] and _cpu_s(replicas) - before < 0.1
