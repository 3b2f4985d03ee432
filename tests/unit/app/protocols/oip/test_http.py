import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs
from app.protocols.oip.binary import HEADER
from app.serving.dataplane import Dataplane
from deployments.frames import Outputs, TensorFrame
from tests.support.chains import weighing
from tests.support.manifests import EXAMPLE, field, manifest, store
from tests.support.oip import INFER, behind, outputs_behind, tensors

ROWS = [EXAMPLE, EXAMPLE | {"depot": "süd", "lane": -1, "weight": 500.0, "insured": False}]


async def rest(client: httpx.AsyncClient, *rows: Any, query: str = "") -> list[dict[str, Any]]:
    answer = await client.post(f"/predict/batch{query}", json={"instances": rows})
    predictions: list[dict[str, Any]] = answer.json()["predictions"]
    return predictions


async def test_rows_are_answered_as_over_rest(client: httpx.AsyncClient) -> None:
    answer = await client.post(INFER, json={"id": "7", "inputs": tensors(ROWS)})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    late, cost, features = body.pop("outputs")
    assert body == {
        "model_name": "parcels",
        "model_version": "1",
        "id": "7",
        "parameters": {"features_status": "fresh", "features_degraded": False},
    }
    expected = await rest(client, *ROWS)
    assert late == {
        "name": "late",
        "datatype": "FP32",
        "shape": [2],
        "data": [one["outputs"]["late"] for one in expected],
    }
    assert cost["data"] == [one["outputs"]["cost"] for one in expected]
    assert (features["name"], features["datatype"], features["shape"]) == ("features", "BYTES", [2])
    told = [json.loads(document) for document in features["data"]]
    assert told == [one["features"] for one in expected]


async def test_without_an_id_the_answer_has_none(client: httpx.AsyncClient) -> None:
    answer = await client.post(INFER, json={"inputs": tensors(ROWS)})

    assert "id" not in answer.json()


async def test_tensors_may_be_behind_the_json_both_ways(client: httpx.AsyncClient) -> None:
    body, headers = behind(tensors(ROWS), parameters={"binary_data_output": True})

    answer = await client.post(INFER, content=body, headers=headers)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    head, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    assert all("data" not in output for output in head["outputs"])
    expected = await rest(client, *ROWS)
    assert found["late"] == [one["outputs"]["late"] for one in expected]
    assert [json.loads(one) for one in found["features"]] == [one["features"] for one in expected]


async def test_each_tensor_may_be_where_it_likes(client: httpx.AsyncClient) -> None:
    depot, *others = tensors(ROWS)
    outputs = [
        {"name": "cost", "parameters": {"binary_data": True}},
        {"name": "late", "parameters": {"binary_data": False}},
    ]
    both, headers = behind([depot], outputs=outputs, parameters={"binary_data_output": True})
    length = int(headers[HEADER])
    head = json.loads(both[:length])
    head["inputs"] += others
    written = json.dumps(head).encode()

    answer = await client.post(
        INFER, content=written + both[length:], headers={HEADER: str(len(written))}
    )

    head, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    assert found == {"cost": [500.0, 1000.0]}
    assert [output["name"] for output in head["outputs"]] == ["cost", "late"]
    assert head["outputs"][1]["data"] == [0.25, 0.5]


@pytest.mark.parametrize("data", [[["north"], ["south"]], ["north", "south"]])
async def test_a_column_may_have_a_second_dimension(client: httpx.AsyncClient, data: Any) -> None:
    depot, *others = tensors(ROWS)

    answer = await client.post(
        INFER, json={"inputs": [depot | {"shape": [2, 1], "data": data}, *others]}
    )

    assert answer.status_code == 200


async def test_the_values_are_told_to_who_asks(client: httpx.AsyncClient) -> None:
    request = {"inputs": tensors(ROWS), "parameters": {"values": True}}

    outputs = (await client.post(INFER, json=request)).json()["outputs"]

    told = [json.loads(document)["values"] for document in outputs[2]["data"]]
    expected = await rest(client, *ROWS, query="?values=true")
    assert told == [one["features"]["values"] for one in expected]


async def test_what_is_not_known_here_is_left_alone(client: httpx.AsyncClient) -> None:
    depot, *others = tensors(ROWS)
    request = {
        "model_name": "parcels",  # as KServe's client has it
        "inputs": [depot | {"parameters": {"content_type": "str"}, "more": 1}, *others],
        "parameters": {"priority": 1, "sequence_id": 7, "colour": "red"},
        "outputs": [{"name": "late", "parameters": None}],
    }

    assert (await client.post(INFER, json=request)).status_code == 200


async def test_the_only_version_that_serves_may_be_named(client: httpx.AsyncClient) -> None:
    path = "/v2/models/parcels/versions/1/infer"

    assert (await client.post(path, json={"inputs": tensors(ROWS)})).status_code == 200


async def test_outputs_of_several_numbers_keep_their_shape(tmp_path: Path) -> None:
    async def classes(frame: TensorFrame) -> Outputs:
        return {"late": np.arange(frame.rows * 3, dtype=np.float32).reshape(-1, 3) / 7}

    dataplane = Dataplane(
        store(tmp_path, manifest(request_features=[field("weight", "float64")], views={})),
        weighing(predict=classes),
        "parcels",
    )
    await dataplane.activate("1", BatchSettings())
    transport = httpx.ASGITransport(Application(dataplane, EdgeArgs()))
    inputs = [
        {"name": "depot", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]},
        {"name": "weight", "datatype": "FP64", "shape": [2], "data": [1, 2]},
    ]
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        plain = (await client.post(INFER, json={"inputs": inputs})).json()["outputs"][0]
        body, headers = behind(inputs, parameters={"binary_data_output": True})
        answer = await client.post(INFER, content=body, headers=headers)

    head, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    wanted = (np.arange(6, dtype=np.float32) / 7).tolist()
    assert plain["shape"] == head["outputs"][0]["shape"] == [2, 3]
    assert np.ravel(plain["data"]).tolist() == found["late"] == wanted


async def test_where_the_time_went_is_told_to_who_asks(client: httpx.AsyncClient) -> None:
    request = {"inputs": tensors(ROWS)}

    asked = await client.post(INFER, json=request, headers={"server-timing": "?1"})
    plain = await client.post(INFER, json=request)

    assert "model;dur=" in asked.headers["server-timing"]
    assert "server-timing" not in plain.headers
