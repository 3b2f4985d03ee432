"""A request of every type, from its training set through a bundle's files to a replica."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.serving.contract import Contract
from deployments.bundle.bundle import Bundle, BundleStore
from deployments.columns import missing_of
from deployments.dtypes import DType
from deployments.json_cells import to_json
from deployments.model_id import ModelId
from tests.support.bundling import Command
from tests.support.example import NAME, Example
from tests.support.values import VALUES

FIELDS = {f"x{place}": dtype for place, dtype in enumerate(VALUES)}
GAP = 7
"""A row in which all of them are missing."""


def in_table(dtype: DType) -> Any:
    """A value as parquet has it: documents, which have no one form, and zones are text there."""
    cell = VALUES[dtype][1]
    if dtype == "zoned_timestamp":
        return to_json(dtype, cell)
    if dtype in ("json", "map", "scalar_map"):
        return json.dumps(cell)
    return [json.dumps(one) for one in cell] if dtype in ("array<json>", "array<map>") else cell


def with_all(table: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name, dtype in FIELDS.items():
        values = np.fromiter([in_table(dtype)] * len(table), dtype=object, count=len(table))
        values[GAP] = None
        columns[name] = values
    return table.assign(**columns)


@pytest.fixture(scope="module")
def bundle(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Started once, as any is."""
    command = Command(example, tmp_path_factory.mktemp("types"))
    command.edit(
        "contract.yaml",
        lambda contract: contract["request_features"].extend(
            {"name": name, "dtype": dtype, "example": VALUES[dtype][0]}
            for name, dtype in FIELDS.items()
        ),
    )
    command.data(lambda table: with_all(table.head(20)))
    folder = command()
    return BundleStore(command.models).open(ModelId(NAME, folder.name))


def test_what_training_saw_gaps_of_is_optional(bundle: Bundle) -> None:
    assert {field.name for field in bundle.manifest.fields if field.optional} == FIELDS.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_golden_rows_have_the_cells_of_training(bundle: Bundle, name: str) -> None:
    column, cell = bundle.golden().columns[name], VALUES[FIELDS[name]][1]

    there = ~missing_of(column)
    assert column[there].tolist() == [cell] * 19
    assert not there[GAP]


def test_its_example_is_a_request(bundle: Bundle) -> None:
    contract = Contract(bundle.manifest)
    row = contract.decode(json.dumps(contract.example()).encode())

    assert row[-len(FIELDS) :] == tuple(cell for _, cell in VALUES.values())
