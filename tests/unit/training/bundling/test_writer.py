import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from feast import FeatureService, Field
from feast.types import Float64
from torch import Tensor, nn

from deployments.bundle.bundle import LATEST, BundleStore
from deployments.model_id import ModelId
from examples.store_orders.build import SERVICE
from tests.support.example import NAME, Example
from tests.support.preprocessing import preprocessor_of
from tests.support.repos import applied, view
from tests.support.unstarted import unstarted
from training.bundling.contract_file import ContractFile
from training.bundling.documents import read, validated
from training.bundling.export import export_program
from training.bundling.writer import write_bundle


class Linear(nn.Module):
    """Two outputs whose every value depends on ``factor``."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, numeric: Tensor, categorical: Tensor) -> tuple[Tensor, Tensor]:
        total = self.factor * (numeric.sum(1) + categorical.sum(1))
        return total, torch.stack([total, -total], 1)


@pytest.fixture
def parts(example: Example, tmp_path: Path) -> dict[str, Any]:
    """What ``write_bundle`` needs, but for the program."""
    contract = validated(
        example.home / "contract.yaml", read(example.home / "contract.yaml"), ContractFile
    )
    store = example.store()
    table = pd.read_parquet(example.home / "data" / "training.parquet")
    documents = contract.model_dump(exclude_none=True)
    return {
        "models_dir": tmp_path / "models",
        "name": NAME,
        "preprocessor": preprocessor_of(example.bundle),
        "feature_repo": example.repo,
        "feature_service": SERVICE,
        "entities": documents["entities"],
        "request_features": documents["request_features"],
        "outputs": documents["outputs"],
        "training_columns": example.columns(store, table) | {"express": np.zeros(len(table))},
        "metrics": {"auc": 0.75},
        "fingerprint": "abc",
    }


def write(parts: dict[str, Any], module: nn.Module, **changes: Any) -> Path:
    path = parts["models_dir"].with_name("model.pt2")
    inputs = parts["preprocessor"].transform(parts["training_columns"])
    program = export_program(module, inputs, path)
    return write_bundle(**parts | {"program": program} | changes)


def written(parts: dict[str, Any]) -> list[Path]:
    models: Path = parts["models_dir"]
    return list(models.rglob("*")) if models.exists() else []


def test_a_bundle_is_whole_and_latest(parts: dict[str, Any]) -> None:
    columns = dict(parts["training_columns"])
    columns["buyer__favourite"] = np.full(1500, None, dtype=object)
    columns["buyer__member"] = np.full(1500, np.nan)
    (parts["models_dir"].parent / "other").mkdir()

    folder = write(
        parts,
        Linear(1.0),
        training_columns=columns,
        golden_rows=3,
        extra_files={"card.md": b"# Orders"},
        description="Orders",
    )

    manifest = BundleStore(parts["models_dir"]).open(ModelId(NAME, LATEST)).manifest
    assert manifest.version == folder.name
    assert manifest.description == "Orders"
    assert manifest.metrics == {"auc": 0.75}
    assert manifest.training_data.rows == 1500
    assert manifest.program.max_rows is None
    assert [(output.name, output.shape) for output in manifest.outputs] == [
        ("return_probability", []),
        ("delivery_days", [2]),
    ]
    assert manifest.code.keys() == {"basket", "parcel"}
    assert {path.name for path in folder.iterdir()} == {*manifest.files, "manifest.json"}
    assert "card.md" in manifest.files
    golden = json.loads((folder / "golden.json").read_text())
    assert golden["columns"]["customer_id"] == columns["customer_id"][[0, 749, 1499]].tolist()

    assert manifest.defaults.keys() >= manifest.service.columns.keys()
    price = pd.Series(columns["shelf__price"].astype(np.float64))
    assert manifest.defaults["shelf__price"] == price.median()
    stock = pd.Series(columns["shelf__stock"].floats)
    category = pd.Series(columns["catalogue__category"])
    assert manifest.defaults["shelf__stock"] == stock.median()
    assert manifest.defaults["catalogue__category"] == category.mode()[0]
    assert manifest.defaults["buyer__favourite"] is None
    assert manifest.defaults["buyer__member"] is None

    # Nothing else remains, and whoever may read other folders may read it.
    assert [path.name for path in parts["models_dir"].iterdir()] == [NAME]
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, LATEST}
    assert folder.stat().st_mode == (parts["models_dir"].parent / "other").stat().st_mode


def test_a_second_version_becomes_latest_and_the_first_stays(parts: dict[str, Any]) -> None:
    with unstarted():
        first, second = write(parts, Linear(1.0)), write(parts, Linear(2.0))

    bundles = BundleStore(parts["models_dir"])

    assert bundles.resolve(ModelId(NAME, LATEST)).version == second.name
    assert set(bundles.versions(NAME)) == {first.name, second.name}
    assert bundles.open(ModelId(NAME, first.name)).path == first


def test_versions_of_one_program_in_one_second_are_two(parts: dict[str, Any]) -> None:
    with unstarted():
        versions = {write(parts, Linear(1.0)).name for _ in range(3)}

    assert len(versions) == 3


def test_a_request_that_would_be_empty_is_refused(parts: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    world = view(folder, "world", [], [Field(name="mood", dtype=Float64)])
    applied(folder, world, FeatureService(name="all", features=[world]))
    nothing = {"feature_repo": folder, "feature_service": "all", "entities": []}

    with pytest.raises(ValueError, match="a request would be empty: 'all' has no entity key"):
        write(parts, Linear(1.0), **nothing, request_features=[])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"entities": []}, "the feature service's entity keys are"),
        ({"request_features": []}, "also takes the request features"),
        ({"outputs": [{"name": "a"}]}, "the contract names 1 outputs"),
        ({"outputs": [{"name": "a"}, {"name": "a"}]}, "two outputs have one name"),
        ({"name": "store/orders"}, "'store/orders' cannot be a model's name"),
        ({"name": ".."}, "'..' cannot be a model's name"),
        ({"name": ""}, "'' cannot be a model's name"),
        ({"name": "a\nb"}, r"'a\\nb' cannot be a model's name"),
        ({"feature_service": "order_v2"}, "'order_v2' is not in the Feast registry"),
    ],
    ids=[
        "entities",
        "request",
        "outputs",
        "one name",
        "path",
        "above",
        "no name",
        "control",
        "service",
    ],
)
def test_a_contract_that_does_not_fit_is_refused_before_anything_is_written(
    parts: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Exception, match=problem):
        write(parts, Linear(1.0), **changes)

    assert written(parts) == []


def test_preprocessing_reads_nothing_that_a_request_does_not_give(parts: dict[str, Any]) -> None:
    request = [one for one in parts["request_features"] if one["name"] != "express"]

    with pytest.raises(ValueError, match=r"reads columns that no request gives: \['express'\]"):
        write(parts, Linear(1.0), request_features=request)


def test_data_without_a_feature_are_refused(parts: dict[str, Any]) -> None:
    del parts["training_columns"]["shelf__price"]

    with pytest.raises(ValueError, match=r"lack the columns \['shelf__price'\]: join them"):
        write(parts, Linear(1.0))


def test_data_without_rows_are_refused(parts: dict[str, Any]) -> None:
    none = {name: column[:0] for name, column in parts["training_columns"].items()}

    with pytest.raises(ValueError, match="the training data hold no rows"):
        write(parts, Linear(1.0), training_columns=none)
