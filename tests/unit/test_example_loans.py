"""A scikit-learn and LightGBM pipeline, served through ONNX."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from feast import FeatureStore

from app.cli.main import cli
from deployments.bundle.bundle import LATEST, BundleStore
from deployments.model_id import ModelId
from examples.loan_risk.build import HERE, SERVICE, build
from examples.loan_risk.pipeline import Pipeline, fit
from examples.loan_risk.tables import AS_OF, loans, risks
from examples.repos import join
from tests.support.served_example import built, served

LABELS = ["repaid", "late", "lost"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built copy of the example."""
    return built(tmp_path_factory.mktemp("example"), HERE, build)


@pytest.fixture(scope="module")
def pipeline(home: Path) -> Pipeline:
    table = pd.read_parquet(home / "data" / "training.parquet")
    return fit(table, risks(table))


@pytest.fixture
async def client(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(home) as client:
        yield client


def test_the_bundle_holds_two_graphs(home: Path) -> None:
    manifest = BundleStore(home / "models").open(ModelId("loan_risk", LATEST)).manifest

    assert manifest.program.platform == "onnxruntime_onnx"
    assert manifest.preprocessing.kind == "onnx"
    assert {"model.onnx", "preprocess.onnx"} <= manifest.files.keys()
    assert [(one.dtype, one.shape, one.labels) for one in manifest.outputs] == [
        ("int64", [], LABELS),
        ("float32", [3], LABELS),
    ]


async def test_answers_are_those_of_scikit_learn_and_lightgbm(
    client: httpx.AsyncClient, home: Path, pipeline: Pipeline
) -> None:
    asked = loans(300).assign(event_timestamp=pd.Timestamp(AS_OF))
    store = FeatureStore(repo_path=str(home / "feature_repo"))
    joined = join(store, SERVICE, asked)
    expected = pipeline.predict_proba(joined)
    fields = ["applicant_id", "amount", "months", "purpose"]
    instances = joined[fields].astype(object).where(joined[fields].notna(), None)

    answer = await client.post(
        "/predict/batch", json={"instances": instances.to_dict(orient="records")}
    )

    assert answer.status_code == 200, answer.text
    outputs = [one["outputs"] for one in answer.json()["predictions"]]
    found = [[one["probabilities_of_risk"][label] for label in LABELS] for one in outputs]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert [one["risk"] for one in outputs] == [LABELS[place] for place in expected.argmax(1)]
    assert len({one["risk"] for one in outputs}) == 3


async def test_what_is_not_known_of_a_loan_is_missing_as_in_training(
    client: httpx.AsyncClient, pipeline: Pipeline
) -> None:
    loan = {"applicant_id": "nobody", "amount": 5000, "months": 24}
    blank = dict.fromkeys(["income", "open_loans", "late_payments", "employment"])
    row = {**loan, "purpose": None, **{f"account__{name}": None for name in blank}}
    expected = pipeline.predict_proba(pd.DataFrame([row]))[0]

    answer = (await client.post("/predict", json=loan)).json()

    assert answer["features"]["views"]["account"]["status"] == "missing"
    assert list(answer["outputs"]["probabilities_of_risk"].values()) == pytest.approx(
        expected.tolist(), abs=1e-5
    )


def test_its_config_could_be_served(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli(["check", str(home / "serve_config.yaml")])

    assert not ended.value.code, capsys.readouterr()
