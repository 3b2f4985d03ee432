"""A sequence model over array features: examples/next_view."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from app.cli.main import cli
from deployments.bundle.bundle import LATEST, Bundle, BundleStore
from deployments.columns import Column
from deployments.features.lookup import open_store
from deployments.features.resolve import resolve
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from examples.next_view.build import HERE, SERVICE, build
from examples.next_view.tables import CATEGORIES
from tests.support.preprocessing import preprocessor_of
from tests.support.rows import as_sent
from tests.support.served_example import built, served
from training.bundling.columns import columns_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built copy of the example."""
    return built(tmp_path_factory.mktemp("example"), HERE, build)


@pytest.fixture(scope="module")
def bundle(home: Path) -> Bundle:
    return BundleStore(home / "models").open(ModelId("next_view", LATEST))


@pytest.fixture(scope="module")
def moments(home: Path) -> pd.DataFrame:
    return pd.read_parquet(home / "data" / "training.parquet")


@pytest.fixture(scope="module")
def columns(home: Path, moments: pd.DataFrame) -> dict[str, Column]:
    schema = resolve(open_store(home / "feature_repo", None), SERVICE).schema
    dtypes = schema.entities | schema.columns | {"cart": "array<int64>"}
    return columns_of(moments, dtypes, schema.entities)


@pytest.fixture
async def client(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(home) as client:
        yield client


def test_each_input_has_the_form_that_the_spec_says(
    bundle: Bundle, columns: dict[str, Column]
) -> None:
    inputs = preprocessor_of(bundle).transform(columns)

    assert {name: (one.dtype.name, one.shape[1:]) for name, one in inputs.items()} == {
        "viewed": ("int64", (12,)),
        "viewed_mask": ("bool", (12,)),
        "seconds": ("float32", (12,)),
        "cart": ("int64", (4,)),
        "visitor": ("float32", (3,)),
    }
    few = preprocessor_of(bundle).transform({name: one[:0] for name, one in columns.items()})
    assert few["viewed"].shape == few["seconds"].shape == (0, 1)


async def test_answers_are_those_of_the_program_on_the_offline_join(
    client: httpx.AsyncClient, bundle: Bundle, moments: pd.DataFrame, columns: dict[str, Column]
) -> None:
    inputs = preprocessor_of(bundle).transform(columns)
    runtime = load(bundle, ModelOptions(device="cpu"))
    expected = runtime.run(TensorFrame(bundle.manifest.id, inputs))
    rows = as_sent(moments[["visitor_id"]])
    for row, cart in zip(rows, moments["cart"], strict=True):
        row["cart"] = cart.tolist()

    answer = await client.post("/predict/batch", json={"instances": rows})

    outputs = [one["outputs"] for one in answer.json()["predictions"]]
    scores = [[one["scores"][name] for name in CATEGORIES] for one in outputs]
    np.testing.assert_allclose(scores, expected["scores"], atol=1e-5)
    places = expected["next_category"]
    assert [one["next_category"] for one in outputs] == [CATEGORIES[at] for at in places]
    assert len(set(places.tolist())) == len(CATEGORIES)


async def test_a_visitor_of_whom_nothing_is_known_is_answered(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/predict", json={"visitor_id": "nobody"})).json()

    assert answer["features"]["views"]["visit"]["status"] == "missing"
    assert sum(answer["outputs"]["scores"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("cart", [["1003"], 1003, [1.5], [[1003]], [2**63], [1] * 101, [None]])
async def test_a_cart_that_is_none_is_refused_by_row_and_field(
    client: httpx.AsyncClient, cart: Any
) -> None:
    rows = [{"visitor_id": "v-001", "cart": []}, {"visitor_id": "v-001", "cart": cart}]

    answer = (await client.post("/predict/batch", json={"instances": rows})).json()

    good, bad = answer["predictions"]
    assert good["outputs"]["next_category"] in CATEGORIES
    assert (bad["error"]["field"], bad["error"]["row"]) == ("cart", 1)


def test_its_config_could_be_served(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(["check", str(home / "serve_config.yaml")])

    assert not ended.value.code, capsys.readouterr()
