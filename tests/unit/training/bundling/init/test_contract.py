"""The draft of contract.yaml: a contract, with examples that there are."""

from typing import Any

import pytest
import yaml

from deployments.columns import column_of, key_column
from training.bundling.contract_file import ContractFile
from training.bundling.init.contract import contract_text, made

VALUES = {
    "buyer_id": key_column("int64", [40, 7, 99]),
    "at": column_of("timestamp", [1709287200.0, 1709290800.5]),
    "amount": column_of("float64", [float("nan"), 2.5, 1.0]),
    "note": column_of("string", [None, "", "fragile: yes"]),
}
ENTITIES = {"buyer_id": "int64"}
REQUEST = {"at": "timestamp", "amount": "float64", "note": "string", "tags": "array<string>"}


def drafted(*, trained: bool) -> dict[str, Any]:
    text = contract_text(
        service="orders_v1",
        description="",
        entities=ENTITIES,
        request=REQUEST,
        outputs=["late", "days"],
        values=VALUES,
        trained=trained,
    )
    ContractFile.model_validate(yaml.safe_load(text))
    if ENTITIES:
        assert "# the store has 7 to 99" in text
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def test_examples_and_ranges_are_those_of_the_training_set() -> None:
    document = drafted(trained=True)

    assert document["entities"] == [{"name": "buyer_id", "dtype": "int64", "example": 40}]
    at, amount, note, tags = document["request_features"]
    assert str(at["example"]).startswith("2024-03-01")
    assert (amount["example"], amount["minimum"], amount["maximum"]) == (2.5, 1.0, 2.5)
    assert note == {"name": "note", "dtype": "string", "example": ""}
    assert tags == {"name": "tags", "dtype": "array<string>", "example": ["text"]}
    assert document["outputs"] == [{"name": "late"}, {"name": "days"}]


def test_without_one_request_features_have_made_up_examples_and_no_range() -> None:
    amount = drafted(trained=False)["request_features"][1]

    assert amount == {"name": "amount", "dtype": "float64", "example": 1.0}


@pytest.mark.parametrize(
    ("dtype", "example"),
    [
        ("array<float64, 2>", [1.0, 1.0]),
        ("struct<name: string, tags: set<int64>>", {"name": "text", "tags": [1]}),
        ("map", {}),
        ("bytes", "AAEC"),
    ],
)
def test_there_is_an_example_of_every_type(dtype: str, example: Any) -> None:
    assert made(dtype) == example
