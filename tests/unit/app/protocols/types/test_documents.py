"""The OpenAPI document has a schema for every type, which its own examples fit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deployments.bundle.manifest import FieldSpec
from tests.unit.app.protocols.types.cases import CASES
from tests.unit.app.protocols.types.service import MODEL, service


@pytest.mark.parametrize("optional", [False, True])
async def test_examples_fit_their_schema_and_are_answered(tmp_path: Path, optional: bool) -> None:
    fields = [
        FieldSpec(name=f"f{place}", dtype=one.dtype, example=one.values[0].sent, optional=optional)
        for place, one in enumerate(CASES)
    ]
    async with service(tmp_path, fields) as asked:
        document = (await asked.http.get("/openapi.json")).json()
        for path in ("/predict", "/predict/batch", "/v2/models/{model}/infer"):
            content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            answer = await asked.http.post(path.format(model=MODEL), json=content["example"])
            assert answer.status_code == 200, answer.text
            assert valid(document, content["schema"], content["example"])
            answered = document["paths"][path]["post"]["responses"]["200"]["content"]
            assert valid(document, answered["application/json"]["schema"], answer.json())
        assert all(isinstance(one.get("items", {}), dict) for one in schemas(document))
        assert [one for one in schemas(document) if unsaid(one)] == []


def valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    whole = {**schema, "components": document["components"]}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(value))


def schemas(document: Any) -> Iterator[dict[str, Any]]:
    """All objects in the document that have a type."""
    if isinstance(document, dict):
        if "type" in document:
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from schemas(one)


def unsaid(schema: dict[str, Any]) -> bool:
    """Whether it may be an array of which nothing is said: generators of clients refuse that."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return "array" in kinds and not schema.keys() & {"items", "prefixItems"}
