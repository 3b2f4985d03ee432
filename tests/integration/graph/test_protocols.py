"""One row, one answer: whatever protocol asks for it, through whatever door."""

import json
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from websockets.sync.client import connect

from app.protocols.oip.proto import open_inference_grpc_pb2 as messages
from benchmarks.scenarios.protocols.forms import Request, oip_binary, oip_json
from tests.integration.graph.conftest import Graph
from tests.support.flights import NOON, departures, instances
from tests.support.oip import grpc_stub
from windsock import Prediction, Windsock

Row = dict[str, Any]

_ROWS = 25
_MODEL = "flight_delay"
_OUTPUT = "late_probability"


@pytest.fixture
def rows() -> list[Row]:
    return instances(departures(NOON, hours=6, count=_ROWS))


def _one_by_one(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    return [httpx.post(f"{url}/predict", json=row, timeout=30).json() for row in rows]


def _batch(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    answer = httpx.post(f"{url}/predict/batch", json={"instances": rows}, timeout=30)
    predictions: list[Row] = answer.json()["predictions"]
    return predictions


def _ndjson(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    headers = {"accept": "application/x-ndjson"}
    body = {"instances": rows}
    answer = httpx.post(f"{url}/predict/batch", json=body, headers=headers, timeout=30)
    told = [json.loads(line) for line in answer.text.splitlines()]
    return sorted(told, key=lambda line: line["row"])


def _stream(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    with connect(f"{url.replace('http', 'ws')}/predict/stream") as socket:
        for place, row in enumerate(rows):
            socket.send(json.dumps({"id": place, "instance": row}))
        told = [json.loads(socket.recv(timeout=30)) for _ in rows]
    return sorted(told, key=lambda answer: answer["id"])


def _client(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    with Windsock(url) as windsock:
        told = windsock.predict_batch(rows)
    answers = [one for one in told if isinstance(one, Prediction)]
    assert len(answers) == len(rows)
    return [
        {"outputs": one.outputs, "features": {"status": one.features.status}} for one in answers
    ]


def _oip_json(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    outputs = _posted(url, oip_json(rows, _metadata(url))).json()["outputs"]
    tensors = {output["name"]: output["data"] for output in outputs}
    return _rows(tensors[_OUTPUT], tensors["features"])


def _oip_binary(url: str, _: Graph, rows: list[Row]) -> list[Row]:
    answer = _posted(url, oip_binary(rows, _metadata(url)))
    head = int(answer.headers["inference-header-content-length"])
    place, blobs = head, {}
    for output in json.loads(answer.content[:head])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        blobs[output["name"]] = answer.content[place : place + size]
        place += size
    assert place == len(answer.content)
    return _rows(np.frombuffer(blobs[_OUTPUT], np.float32).tolist(), _texts(blobs["features"]))


def _grpc(typed: bool) -> Callable[[str, Graph, list[Row]], list[Row]]:
    def ask(url: str, graph: Graph, rows: list[Row]) -> list[Row]:
        request = messages.ModelInferRequest(model_name=_MODEL)
        for one in _metadata(url)["inputs"]:
            texts = [row[one["name"]].encode() for row in rows]
            assert one["datatype"] == "BYTES"  # as all of the shipped model's are
            tensor = request.inputs.add(name=one["name"], datatype="BYTES", shape=[len(rows)])
            if typed:
                tensor.contents.bytes_contents.extend(texts)
            else:
                sized = (len(text).to_bytes(4, "little") + text for text in texts)
                request.raw_input_contents.append(b"".join(sized))
        with grpc.insecure_channel(graph.server.grpc) as channel:
            answer = grpc_stub(channel).ModelInfer(request, timeout=30)
        names = [output.name for output in answer.outputs]
        if typed:
            contents = {output.name: output.contents for output in answer.outputs}
            numbers = list(contents[_OUTPUT].fp32_contents)
            return _rows(numbers, contents["features"].bytes_contents)
        blobs = dict(zip(names, answer.raw_output_contents, strict=True))
        return _rows(np.frombuffer(blobs[_OUTPUT], np.float32).tolist(), _texts(blobs["features"]))

    return ask


@pytest.mark.parametrize("door", ["proxy", "fast-lane"])
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(_one_by_one, id="rest"),
        pytest.param(_ndjson, id="ndjson"),
        pytest.param(_stream, id="websocket"),
        pytest.param(_oip_json, id="oip-json"),
        pytest.param(_oip_binary, id="oip-binary"),
        pytest.param(_grpc(typed=True), id="oip-grpc-typed"),
        pytest.param(_grpc(typed=False), id="oip-grpc-raw"),
        pytest.param(_client, id="python-client"),
    ],
)
def test_every_protocol_gives_the_same_answers(
    graph: Graph, rows: list[Row], door: str, ask: Callable[[str, Graph, list[Row]], list[Row]]
) -> None:
    url = graph.server.url if door == "proxy" else graph.server.fast_lane
    wanted = _batch(url, graph, rows)

    found = ask(url, graph, rows)

    assert [one["outputs"][_OUTPUT] for one in found] == pytest.approx(
        [one["outputs"][_OUTPUT] for one in wanted], abs=1e-6
    )
    for one, other in zip(found, wanted, strict=True):
        features = other["features"]
        assert one["features"] == {name: features[name] for name in one["features"]}
    assert len({one["outputs"][_OUTPUT] for one in found}) > _ROWS // 2


def _metadata(url: str) -> Row:
    found: Row = httpx.get(f"{url}/v2/models/{_MODEL}").raise_for_status().json()
    return found


def _posted(url: str, request: Request) -> httpx.Response:
    return httpx.post(
        f"{url}{request.path}", content=request.body, headers=dict(request.headers), timeout=30
    ).raise_for_status()


def _texts(blob: bytes) -> list[bytes]:
    """The elements of a BYTES tensor: each is four bytes of length, and then itself."""
    texts, place = [], 0
    while place < len(blob):
        size = int.from_bytes(blob[place : place + 4], "little")
        texts.append(blob[place + 4 : place + 4 + size])
        place += 4 + size
    return texts


def _rows(outputs: Any, features: Any) -> list[Row]:
    return [
        {"outputs": {_OUTPUT: output}, "features": json.loads(told)}
        for output, told in zip(outputs, features, strict=True)
    ]
