"""A multi-hot recommender with embeddings, of two towers: examples/two_towers."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from app.cli.main import cli
from deployments.bundle.bundle import LATEST, Bundle, BundleStore
from deployments.columns import Block, Column, Ragged
from deployments.features.lookup import open_store
from deployments.features.resolve import resolve
from deployments.frames import TensorFrame
from deployments.model.backends.load import load
from deployments.model.options import ModelOptions
from deployments.model_id import ModelId
from examples.two_towers.build import HERE, SERVICE, build
from examples.two_towers.tables import GENRES, WIDTH
from tests.support.preprocessing import preprocessor_of
from tests.support.served_example import built, served
from training.bundling.columns import columns_of

ROWS = 300


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built copy of the example."""
    return built(tmp_path_factory.mktemp("example"), HERE, build)


@pytest.fixture(scope="module")
def bundle(home: Path) -> Bundle:
    return BundleStore(home / "models").open(ModelId("two_towers", LATEST))


@pytest.fixture(scope="module")
def pairs(home: Path) -> pd.DataFrame:
    return pd.read_parquet(home / "data" / "training.parquet").head(ROWS)


@pytest.fixture(scope="module")
def columns(home: Path, pairs: pd.DataFrame) -> dict[str, Column]:
    schema = resolve(open_store(home / "feature_repo", None), SERVICE).schema
    return columns_of(pairs, schema.entities | schema.columns, schema.entities)


@pytest.fixture
async def client(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(home) as client:
        yield client


def test_embeddings_are_blocks_and_genres_columns_of_ones(
    bundle: Bundle, columns: dict[str, Column]
) -> None:
    preprocessor = preprocessor_of(bundle)
    inputs = preprocessor.transform(columns)

    assert isinstance(columns["taste__embedding"], Block)
    assert isinstance(columns["taste__genres"], Ragged)
    assert preprocessor.names["follows"] == [f"taste__genres={genre}" for genre in sorted(GENRES)]
    assert {name: (one.dtype.name, one.shape[1:]) for name, one in inputs.items()} == {
        "person": ("float32", (WIDTH + 1,)),
        "follows": ("float32", (len(GENRES),)),
        "film": ("float32", (WIDTH + len(GENRES),)),
        "studio": ("int64", ()),
    }
    np.testing.assert_array_equal(
        inputs["follows"].sum(axis=1), columns["taste__genres"].lengths.astype(float)
    )


async def test_answers_are_those_of_the_program_on_the_offline_join(
    client: httpx.AsyncClient, bundle: Bundle, pairs: pd.DataFrame, columns: dict[str, Column]
) -> None:
    inputs = preprocessor_of(bundle).transform(columns)
    runtime = load(bundle, ModelOptions(device="cpu"))
    expected = runtime.run(TensorFrame(bundle.manifest.id, inputs))
    rows = pairs[["person_id", "film_id"]].to_dict("records")

    answer = await client.post("/predict/batch", json={"instances": rows})

    outputs = [one["outputs"] for one in answer.json()["predictions"]]
    for name, values in expected.items():
        np.testing.assert_allclose([one[name] for one in outputs], values, atol=1e-5)
    assert expected["person_vector"].shape == (ROWS, 8)
    assert np.ptp(expected["chance"]) > 0.5


async def test_who_and_what_is_not_known_is_missing(client: httpx.AsyncClient) -> None:
    asked = {"person_id": "nobody", "film_id": 404}
    answer = (await client.post("/predict?values=true", json=asked)).json()

    views = answer["features"]["views"]
    assert {one["status"] for one in views.values()} == {"missing"}
    assert 0 < answer["outputs"]["chance"] < 1


def test_its_config_could_be_served(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(["check", str(home / "serve_config.yaml")])

    assert not ended.value.code, capsys.readouterr()
