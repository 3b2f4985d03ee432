from typing import Any

import httpx
import jsonschema
import pytest

from app.edge.guards import ERRORS as GUARD_ERRORS
from app.serving.errors import ErrorCode
from tests.support.documents import document_of
from tests.support.manifests import EXAMPLE, parcels
from tests.support.oip import INFER, tensors

DOCUMENT = document_of(parcels())
PATHS = {path: methods for path, methods in DOCUMENT["paths"].items() if path.startswith("/v2")}
NAMES = {"model": "parcels", "version": "1"}
REQUEST = {"$ref": "#/components/schemas/InferenceRequest"}


def valid(schema: dict[str, Any], value: Any) -> bool:
    whole = {**schema, "components": DOCUMENT["components"]}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(value))


@pytest.mark.parametrize("path", [path for path, methods in PATHS.items() if "get" in methods])
@pytest.mark.parametrize("names", [NAMES, {"model": "nobody", "version": "1"}])
async def test_what_is_told_fits_its_schema(
    client: httpx.AsyncClient, path: str, names: dict[str, str]
) -> None:
    answer = await client.get(path.format(**names))

    response = PATHS[path]["get"]["responses"][str(answer.status_code)]
    assert valid(response["content"]["application/json"]["schema"], answer.json())


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith("/infer")])
async def test_the_example_is_a_request(client: httpx.AsyncClient, path: str) -> None:
    operation = PATHS[path]["post"]
    content = operation["requestBody"]["content"]["application/json"]

    answer = await client.post(path.format(**NAMES), json=content["example"])

    assert valid(content["schema"], content["example"])
    assert answer.status_code == 200
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert valid(answered, answer.json())
    assert not valid(answered, {**answer.json(), "outputs": [{}]})


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"inputs": []},
        {"inputs": tensors([EXAMPLE])[1:]},
        {"inputs": [one | {"datatype": "FP64"} for one in tensors([EXAMPLE])]},
        {"inputs": [one | {"shape": []} for one in tensors([EXAMPLE])]},
        {"inputs": tensors([EXAMPLE | {"weight": 1001}])},
        {"inputs": tensors([EXAMPLE]), "parameters": {"values": 1}},
        {"inputs": tensors([EXAMPLE]), "outputs": [{"name": "price"}]},
        {"inputs": tensors([EXAMPLE]), "id": 7},
    ],
)
async def test_what_the_schema_forbids_is_refused(
    client: httpx.AsyncClient, request_: dict[str, Any]
) -> None:
    answer = await client.post(INFER, json=request_)

    assert not valid(REQUEST, request_)
    assert 400 <= answer.status_code < 500
    responses = PATHS["/v2/models/{model}/infer"]["post"]["responses"]
    described = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
    assert valid(described, answer.json())


def test_every_code_that_an_inference_can_meet_is_described() -> None:
    responses = PATHS["/v2/models/{model}/infer"]["post"]["responses"]
    described = {code for one in responses.values() for code in one["description"].split(" or ")}

    unmet = {ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.UPGRADE_REQUIRED}
    unmet |= {ErrorCode.MALFORMED_REQUEST, ErrorCode.HEADERS_TOO_LARGE}  # doors refuse
    unmet |= {ErrorCode.FORBIDDEN_ORIGIN, *GUARD_ERRORS}  # of a socket; where guards are on
    assert described >= {code.code for code in ErrorCode if code not in unmet}
