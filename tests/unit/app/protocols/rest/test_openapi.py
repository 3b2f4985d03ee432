import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from app.edge.guards import ERRORS as GUARD_ERRORS
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode
from app.serving.readiness import Evidence
from tests.support.documents import document_of
from tests.support.manifests import field, manifest, parcels

DOCUMENT = document_of(parcels())
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from parts(child)


def schema(name: str) -> dict[str, Any]:
    """One component as a JSON Schema that holds all it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def valid(name: str, value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema(name)).is_valid(value))


def test_it_is_an_openapi_document() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"] == {"title": "Windsock: parcels", "version": "1", "description": ""}
    assert DOCUMENT["servers"] == [{"url": "/"}]
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_every_reference_resolves() -> None:
    references = [part["$ref"] for part in parts(DOCUMENT) if "$ref" in part]

    assert references
    for reference in references:
        node: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_every_schema_is_json_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_whole(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert operation["responses"].keys() >= {"200"}
    assert ("requestBody" in operation) == name.startswith("POST")
    for response in operation["responses"].values():
        assert response["description"]
        assert response["content"]["application/json"]["schema"]


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(set(names)) == len(names)


def test_every_code_that_a_prediction_can_meet_is_described() -> None:
    described = {
        code
        for response in DOCUMENT["paths"]["/predict/batch"]["post"]["responses"].values()
        for code in response["description"].split(" or ")
    }

    unmet = {ErrorCode.NOT_FOUND, ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.UPGRADE_REQUIRED}
    unmet |= {ErrorCode.NOT_IN_SERVICE, ErrorCode.MALFORMED_REQUEST, ErrorCode.HEADERS_TOO_LARGE}
    unmet |= {ErrorCode.FORBIDDEN_ORIGIN, *GUARD_ERRORS}  # of a socket; where guards are on
    assert described >= {code.code for code in ErrorCode if code not in unmet}
    detail = DOCUMENT["components"]["schemas"]["ErrorDetail"]["properties"]
    assert detail["code"]["enum"] == [code.code for code in ErrorCode]


def test_the_models_own_fields_are_described() -> None:
    row = DOCUMENT["components"]["schemas"]["PredictRequest"]

    assert list(row["properties"]) == row["required"]
    assert row["required"] == ["depot", "lane", "weight", "pieces", "insured", "sent_at"]
    assert row["additionalProperties"] is False
    assert row["properties"]["weight"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1000,
        "description": "Must be a number from 0 to 1000.",
        "examples": [2.5],
    }


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
async def test_the_example_of_a_request_is_one(client: httpx.AsyncClient, path: str) -> None:
    content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rsplit("/", 1)[1]

    answer = await client.post(path, json=content["example"])

    assert valid(name, content["example"])
    assert answer.status_code == 200
    assert "error" not in answer.text


async def test_the_example_of_an_answer_is_what_the_model_answers(
    client: httpx.AsyncClient,
) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
    told = operation["responses"]["200"]["content"]["application/json"]["example"]
    example = operation["requestBody"]["content"]["application/json"]["example"]

    answer = (await client.post("/predict", json=example)).json()

    assert told | {"request_id": answer["request_id"]} == answer


async def test_the_example_of_a_batch_answers_its_request(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/predict/batch"]["post"]
    told = operation["responses"]["200"]["content"]["application/json"]["example"]
    example = operation["requestBody"]["content"]["application/json"]["example"]

    assert valid("BatchResponse", told)
    assert len(told["predictions"]) == len(example["instances"])


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/models"])
async def test_the_services_answers_fit_their_schemas(client: httpx.AsyncClient, path: str) -> None:
    content = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    name = content["schema"]["$ref"].rsplit("/", 1)[1]

    assert valid(name, (await client.get(path)).json())
    assert not valid(name, {})


async def test_health_is_documented_as_it_is_told_while_it_is_not_ready(
    client: httpx.AsyncClient, dataplane: Dataplane
) -> None:
    dataplane.readiness.tell("parcels", Evidence("Model did not answer in time"))
    operation = DOCUMENT["paths"]["/health/ready"]["get"]
    answer = await client.get("/health/ready")

    schema = operation["responses"]["503"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Health"}
    assert valid("Health", answer.json())
    status = DOCUMENT["components"]["schemas"]["Health"]["properties"]["status"]
    assert set(status["enum"]) == {"ok", "degraded", "unavailable", "starting"}
    assert "a row gets through every stage" in operation["description"]


async def test_predictions_and_errors_fit_their_schemas(client: httpx.AsyncClient) -> None:
    content = OPERATIONS["POST /predict"]["requestBody"]["content"]["application/json"]
    example = content["example"]
    row = (await client.post("/predict?values=true", json=example)).json()
    batch = (await client.post("/predict/batch", json={"instances": [example, {}]})).json()
    error = (await client.post("/predict", json={})).json()

    assert valid("Prediction", row)
    assert valid("BatchResponse", batch)
    assert valid("ErrorBody", error)
    assert not valid("Prediction", error)
    assert not valid("ErrorBody", row)
    assert not valid("BatchResponse", {"predictions": [{}], "request_id": "r1"})


async def test_lines_fit_their_schemas(client: httpx.AsyncClient) -> None:
    content = OPERATIONS["POST /predict/batch"]["requestBody"]["content"]["application/json"]
    batch = {"instances": [*content["example"]["instances"], {}]}
    lines = await client.post(
        "/predict/batch?values=1", json=batch, headers={"accept": "application/x-ndjson"}
    )

    wrong, right = map(json.loads, lines.text.splitlines())
    assert valid("PredictionLine", right)
    assert valid("ErrorLine", wrong)
    assert not valid("PredictionLine", wrong)
    assert not valid("ErrorLine", right)


def test_the_messages_of_a_stream_are_described() -> None:
    stream = DOCUMENT["x-websockets"]["/predict/stream"]

    assert stream["send"]["schema"] == {"$ref": "#/components/schemas/StreamRow"}
    assert valid("StreamRow", stream["send"]["example"])
    assert valid("StreamRow", stream["send"]["example"] | {"id": "a", "timeout_ms": 1})
    for wrong in ({"id": 1.5}, {"id": ""}, {"timeout_ms": 0}, {"more": 1}):
        assert not valid("StreamRow", stream["send"]["example"] | wrong)


def test_a_field_may_have_any_name() -> None:
    row = document_of(manifest(entities=[field("a/b ~ü")]))["components"]["schemas"][
        "PredictRequest"
    ]

    assert row["required"] == ["a/b ~ü"]
