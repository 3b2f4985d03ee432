"""The document of a bundle that takes a value of each type."""

from typing import Any

import jsonschema
import pytest

from deployments.bundle.manifest import FieldSpec
from tests.support.documents import document_of
from tests.support.manifests import manifest
from tests.support.values import VALUES

FIELDS = {f"x{place}": dtype for place, dtype in enumerate(VALUES)}
DOCUMENT = document_of(
    manifest(
        request_features=[
            FieldSpec(name=name, dtype=dtype, example=VALUES[dtype][0], optional=name == "x0")
            for name, dtype in FIELDS.items()
        ]
    )
)
REQUEST = {"depot": "a"} | {name: VALUES[dtype][0] for name, dtype in FIELDS.items()}


def valid(request: dict[str, Any]) -> bool:
    schema = {
        "$ref": "#/components/schemas/PredictRequest",
        "components": DOCUMENT["components"],
    }
    return bool(jsonschema.Draft202012Validator(schema).is_valid(request))


def test_the_examples_are_valid() -> None:
    body = DOCUMENT["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]

    assert body["example"] == REQUEST
    assert valid(REQUEST)
    assert valid({name: value for name, value in REQUEST.items() if name != "x0"})
    assert valid(REQUEST | {"x0": None})


@pytest.mark.parametrize("name", FIELDS)
def test_what_no_request_may_hold_is_not(name: str) -> None:
    assert not valid(REQUEST | {name: None if "json" in FIELDS[name] else [[None]]})


@pytest.mark.parametrize("name", list(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_json_schema(name: str) -> None:
    assert name.replace(".", "").replace("_", "").replace("-", "").isalnum()
    jsonschema.Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])
