"""Rows of the stores, in place of a training set."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from deployments.features.plan import ServicePlan
from deployments.features.resolve import resolve
from examples.store_orders.build import SERVICE
from examples.store_orders.tables import CUSTOMERS
from tests.support.example import Example
from tests.support.serve import free_port
from training.bundling.contract_file import ContractField
from training.bundling.store_keys import known_keys
from training.bundling.store_rows import store_rows

EXAMPLES = {
    "customer_id": int(CUSTOMERS[17]),
    "recipient_id": int(CUSTOMERS[42]),
    "store_id": 3,
    "product_id": 117,
    "quantity": 2,
    "placed_at": "2024-03-01T12:00:00Z",
}
FIELDS = {name: ContractField(name=name, example=one) for name, one in EXAMPLES.items()}


@pytest.fixture
def plan(example: Example) -> ServicePlan:
    return resolve(example.store(), SERVICE)


def test_keys_that_stand_together_in_a_view_stay_together(
    example: Example, plan: ServicePlan
) -> None:
    keys = known_keys(example.store(), plan.stored, plan.schema.entities, 50)

    assert set(keys) == {"customer_id", "recipient_id", "store_id", "product_id"}
    assert {len(column) for column in keys.values()} == {50}
    rows = store_rows(example.repo, None, plan, FIELDS)
    assert rows.known.max() == len(plan.stored)  # a product that this very store has


def test_rows_are_what_a_replica_looks_up_now(example: Example, plan: ServicePlan) -> None:
    rows = store_rows(example.repo, None, plan, FIELDS)

    assert set(rows.columns) >= {*EXAMPLES, *plan.schema.columns}
    assert not rows.warnings
    assert (np.diff(rows.known) <= 0).all()
    amount = np.asarray(rows.columns["basket__amount"], dtype=float)
    price = np.asarray(rows.columns["shelf__price"], dtype=float)
    np.testing.assert_allclose(amount, 2 * price, rtol=1e-6)


def test_without_an_offline_store_the_examples_stand_for_all_rows(
    example: Example, plan: ServicePlan, tmp_path: Path
) -> None:
    document = yaml.safe_load((example.repo / "feature_store.yaml").read_text())
    # A server that does not run.
    document["offline_store"] = {"type": "remote", "host": "127.0.0.1", "port": free_port()}
    store_yaml = tmp_path / "feature_store.yaml"
    store_yaml.write_text(yaml.safe_dump(document))

    rows = store_rows(example.repo, store_yaml, plan, FIELDS)

    assert {len(column) for column in rows.columns.values()} == {1}
    assert rows.columns["product_id"].tolist() == [117]
    assert "the contract's example alone stands for all rows" in rows.warnings[0]


def test_an_example_of_another_type_is_named(example: Example, plan: ServicePlan) -> None:
    fields = FIELDS | {"placed_at": ContractField(name="placed_at", example="noon")}

    with pytest.raises(ValueError, match="the example 'noon' of 'placed_at' is no timestamp"):
        store_rows(example.repo, None, plan, fields)
