"""Another Feast repo and another model, served by their configuration alone."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from app.config import DistributedSettings, GraphArgs
from app.start.preflight import completed
from deployments.features.deployment import FeaturesSettings
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.deployment import ModelSettings
from deployments.model.options import ModelOptions
from deployments.stage.settings import StageSettings
from examples.repos import join
from examples.store_orders.build import HERE, SERVICE
from examples.store_orders.tables import AS_OF, CUSTOMERS, LAPSED
from tests.support.example import NAME, Example, orders_at
from tests.support.preprocessing import preprocessor_of
from tests.support.rows import as_sent
from tests.support.served_example import application_of, served

SETTINGS: dict[str, type[BaseModel]] = {
    "Ingress": DistributedSettings,
    "Features": FeaturesSettings,
    "Preprocess": StageSettings,
    "Model": ModelSettings,
}


@pytest.fixture
async def client(example: Example) -> AsyncIterator[httpx.AsyncClient]:
    async with served(example.home) as client:
        yield client


def bodies(orders: pd.DataFrame) -> list[dict[str, Any]]:
    """Orders as a client would send them."""
    return as_sent(orders.drop(columns="event_timestamp"))


async def documented(client: httpx.AsyncClient) -> dict[str, Any]:
    """The request that the service's own documentation shows."""
    document = (await client.get("/openapi.json")).json()
    body = document["paths"]["/predict"]["post"]["requestBody"]
    example: dict[str, Any] = body["content"]["application/json"]["example"]
    return example


def test_the_config_is_one_that_fits_two_cores() -> None:
    application = application_of(HERE)
    args = GraphArgs.model_validate(application["args"], context=HERE)

    assert (args.model.name, args.layout) == (NAME, "distributed")
    assert args.model.directory == HERE / "models"
    assert args.feature_store.repo == HERE / "feature_repo"
    for one in application["deployments"]:
        SETTINGS[one["name"]].model_validate(one.get("user_config", {}))
    needed = completed(args, application["deployments"])
    assert sum(one["ray_actor_options"]["num_cpus"] for one in needed) < 2


async def test_answers_are_those_of_the_bundle_on_the_offline_join(
    client: httpx.AsyncClient, example: Example
) -> None:
    orders = orders_at(AS_OF, 300)
    bundle = example.bundle
    columns = example.columns(example.store(), join(example.store(), SERVICE, orders))
    columns["express"] = orders["express"].to_numpy(float)
    runtime = load(bundle, ModelOptions(device="cpu"))
    expected = runtime.run(TensorFrame(example.id, preprocessor_of(bundle).transform(columns)))

    answer = await client.post("/predict/batch", json={"instances": bodies(orders)})

    assert answer.status_code == 200
    predictions = [one["outputs"] for one in answer.json()["predictions"]]
    for name, values in expected.items():
        served = np.array([outputs[name] for outputs in predictions])
        assert served.shape == values.shape
        np.testing.assert_allclose(served, values, atol=1e-5, err_msg=name)


async def test_the_contracts_own_example_is_answered_with_both_outputs(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.post("/predict", json=await documented(client))).json()

    assert 0 <= answer["outputs"]["return_probability"] <= 1
    assert sum(answer["outputs"]["delivery_days"]) == pytest.approx(1, abs=1e-5)
    assert answer["features"]["status"] == "fresh"


@pytest.mark.parametrize(
    ("change", "view", "status"),
    [
        ({}, "buyer", "fresh"),
        ({"customer_id": int(LAPSED[0])}, "buyer", "defaulted"),
        ({"recipient_id": int(LAPSED[0])}, "recipient", "defaulted"),
        ({"recipient_id": 1}, "recipient", "missing"),
        ({"store_id": 2**40}, "store_recent", "missing"),
        ({"product_id": -(2**63)}, "catalogue", "missing"),
    ],
    ids=["known", "lapsed", "lapsed-recipient", "unknown", "beyond-32-bits", "least-int64"],
)
async def test_an_answer_says_where_its_features_come_from(
    client: httpx.AsyncClient, change: dict[str, int], view: str, status: str
) -> None:
    body = {
        "customer_id": int(CUSTOMERS[17]),
        "recipient_id": int(CUSTOMERS[42]),
        "store_id": 3,
        "product_id": 117,
        "quantity": 2,
        "placed_at": "2024-03-01T13:00:00+01:00",
        "express": True,
    }

    answer = await client.post("/predict", content=json.dumps(body | change))

    assert answer.status_code == 200
    features = answer.json()["features"]
    assert features["views"][view]["status"] == status
    assert features["degraded"] == (status == "defaulted")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("quantity", 100, "out_of_range"),
        ("quantity", 1.5, "invalid_field"),
        ("customer_id", "17", "invalid_field"),
        ("customer_id", 2**63, "out_of_range"),
        ("express", 1, "invalid_field"),
        ("placed_at", "2023-12-31T23:59:59Z", "out_of_range"),
    ],
)
async def test_a_field_that_the_contract_forbids_is_named(
    client: httpx.AsyncClient, field: str, value: object, code: str
) -> None:
    answer = await client.post("/predict", json=await documented(client) | {field: value})

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == (code, field)
