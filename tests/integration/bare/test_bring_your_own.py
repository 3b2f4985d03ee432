"""A repo and a model of another shape, served by configuration alone."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import yaml

from benchmarks.config import UNGUARDED
from deployments.frames import Outputs, TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from examples.repos import join
from examples.store_orders.build import HERE, SERVICE
from examples.store_orders.tables import AS_OF
from tests.support.cluster import Clusters
from tests.support.example import Example, orders_at
from tests.support.preprocessing import preprocessor_of
from tests.support.rows import as_sent

ROWS = 400


def test_the_example_is_served_from_its_config(
    example: Example, clusters: Clusters, tmp_path: Path
) -> None:
    document = yaml.safe_load((HERE / "serve_config.yaml").read_text())
    args = document["applications"][0]["args"]
    args["model"]["directory"] = str(example.models)
    args["feature_store"]["repo"] = str(example.repo)
    args |= UNGUARDED

    orders = orders_at(AS_OF, ROWS)
    joined = join(example.store(), SERVICE, orders)
    expected = _offline(example, joined)
    with clusters("bare").serving(document, tmp_path) as server:
        answer = httpx.post(
            f"{server.url}/predict/batch?values=true",
            json={"instances": _instances(example, joined)},
            timeout=60,
        )
        answer.raise_for_status()
    predictions = answer.json()["predictions"]
    for name, values in expected.items():
        got = [prediction["outputs"][name] for prediction in predictions]
        np.testing.assert_allclose(got, values, atol=1e-5)
    assert {np.ndim(prediction) for prediction in predictions[0]["outputs"].values()} == {0, 1}
    statuses = {prediction["features"]["status"] for prediction in predictions}
    assert len(statuses) > 1


def _offline(example: Example, joined: pd.DataFrame) -> Outputs:
    bundle = example.bundle
    columns = example.columns(example.store(), joined)
    inputs = preprocessor_of(bundle).transform(columns)
    return load(bundle, ModelOptions(device="cpu")).run(TensorFrame(example.id, inputs))


def _instances(example: Example, orders: pd.DataFrame) -> list[dict[str, Any]]:
    fields = [field.name for field in example.manifest.fields]
    return as_sent(orders[fields])
