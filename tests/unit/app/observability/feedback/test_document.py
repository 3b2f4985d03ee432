"""What the OpenAPI document says of outcomes is what the service takes."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.edge.guards import Guards
from app.observability.feedback.guard import OutcomeGuard
from tests.support.documents import document_of
from tests.support.feedback import Fed, observed
from tests.support.manifests import parcels

OUTCOME = {"request_id": "a", "outcome": True, "early": True}
BODIES: list[tuple[Any, bool]] = [
    (OUTCOME, True),
    (OUTCOME | {"outcome": 1.0}, True),
    (OUTCOME | {"row": 3, "at": "2024-05-01T10:00:00+02:00", "fields": {"cost": -1}}, True),
    (OUTCOME | {"id": "x"}, True),
    (OUTCOME | {"id": 3, "row": 3}, False),
    (OUTCOME | {"outcome": 0.5}, False),
    (OUTCOME | {"fields": {"other": 1}}, False),
    (OUTCOME | {"row": None}, False),
    ({"outcomes": [OUTCOME]}, True),
    ({"outcomes": []}, False),
    ({"outcomes": [OUTCOME], "early": True}, False),
    ({}, False),
]


def document(tmp_path: Path) -> dict[str, Any]:
    predictions, feedback = observed(tmp_path)
    return document_of(parcels(), Guards(feedback=OutcomeGuard(feedback, predictions)))


@pytest.mark.parametrize(("body", "sound"), BODIES)
async def test_it_takes_what_the_document_allows(
    service: Fed, tmp_path: Path, body: Any, sound: bool
) -> None:
    told = document(tmp_path)
    operation = told["paths"]["/feedback"]["post"]
    wanted = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = {**wanted, "components": told["components"]}

    answer = await service.tell(body)

    assert jsonschema.Draft202012Validator(schema).is_valid(body) == sound
    assert answer.is_success == sound, answer.text
    said = operation["responses"][str(answer.status_code)]["content"]["application/json"]
    jsonschema.validate(answer.json(), {**said["schema"], "components": told["components"]})


async def test_the_example_is_one(tmp_path: Path) -> None:
    told = document(tmp_path)
    content = told["paths"]["/feedback"]["post"]["requestBody"]["content"]["application/json"]

    jsonschema.validate(content["example"], {**content["schema"], "components": told["components"]})
    assert "$defs" not in json.dumps(content["schema"])


def test_without_outcomes_there_is_no_such_route() -> None:
    assert "/feedback" not in document_of(parcels())["paths"]
