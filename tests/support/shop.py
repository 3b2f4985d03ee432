"""A shop with one product: a bundle in a folder of its own, whose on-demand view, program and
preprocessing fail for some rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from feast import Entity, FeatureService, Field, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64, String
from torch import Tensor, nn

from app.config import BatchSettings
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from deployments.bundle.bundle import BundleStore
from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from deployments.model_id import ModelId
from deployments.preprocess.declared import DeclaredPreprocessor
from deployments.preprocess.spec import PreprocessSpec
from deployments.preprocess.stage import Preprocessing
from deployments.stage.timed import timed
from tests.support.repos import applied, view
from tests.support.unstarted import unstarted
from training.bundling.bundle import bundle
from training.bundling.columns import columns_of
from training.bundling.export import export_program

NAME = "shop"
KNOWN, HUGE, UNKNOWN = 1, 2, 404
"""Products: one with a price, one whose label is far longer than any batch of others, and one that
the store has never seen."""
PRICE = 2.5
MOST = 50
"""The program fails for this quantity, and for more."""
SIZED, UNSIZED = "12", "twelve"
"""Values of a text that the preprocessing takes for a number: that it can, and that it cannot."""

order = RequestSource(
    name="order", schema=[Field(name="quantity", dtype=Int64), Field(name="size", dtype=String)]
)
_SCHEMA = [
    Field(name="product_id", dtype=Int64),
    Field(name="price", dtype=Float64),
    Field(name="label", dtype=String),
]
_LABELS = ["plain", "x" * 6_000_000]
_VALUE = [Field(name="value", dtype=Float64)]


def _python(inputs: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(inputs["price"], inputs["quantity"], strict=True)
    return {"value": [price * quantity for price, quantity in pairs]}


def _singleton(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"value": inputs["price"] * inputs["quantity"]}


def _pandas(inputs: pd.DataFrame) -> pd.DataFrame:
    inputs["price"].astype(int)  # no integer is missing: so says pandas where one is
    return pd.DataFrame({"value": inputs["price"] * inputs["quantity"]})


MODES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "python": (_python, {"mode": "python"}),
    "singleton": (_singleton, {"mode": "python", "singleton": True}),
    "pandas": (_pandas, {"mode": "pandas"}),
}


class Till(nn.Module):
    """Answers the value of an order, and looks its quantity up in a table that is too short."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(MOST, 1)
        nn.init.zeros_(self.table.weight)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        looked_up: Tensor = self.table(numeric[:, 1].long())
        return numeric[:, 0] + looked_up[:, 0]


@dataclass(frozen=True)
class Shop:
    """A Feast repo, and the bundle that was written over it."""

    repo: Path
    version: str

    @property
    def id(self) -> ModelId:
        return ModelId(NAME, self.version)

    @property
    def bundles(self) -> BundleStore:
        return BundleStore(self.repo / "models")

    def chain(self) -> Chain:
        """The real stages, for one event loop."""
        lookup = FeatureLookup(
            partial(open_store, self.repo, None), self.bundles, LookupSettings(budget_s=30)
        )
        return Chain(
            timed(lookup.lookup),
            timed(Preprocessing(self.bundles).transform),
            timed(ModelStage(self.bundles, ModelOptions(device="cpu")).predict),
        )

    async def serving(self) -> Dataplane:
        """The bundle in service, which sheds nobody where the machine stands still for a while."""
        dataplane = Dataplane(self.bundles, self.chain(), NAME)
        await dataplane.activate(self.version, BatchSettings(max_wait_s=60, stuck_s=60))
        return dataplane


def row(quantity: int = 2, product_id: int = KNOWN, size: str = SIZED) -> dict[str, Any]:
    """A request, which is answered ``{"total": PRICE * quantity}``."""
    return {"product_id": product_id, "quantity": quantity, "size": size}


UNVALUED, UNANSWERED, UNPREPARED = row(product_id=UNKNOWN), row(MOST), row(size=UNSIZED)
"""Requests that the contract takes and that the on-demand view, the program and the preprocessing
fail for."""


def shop(folder: Path, mode: str = "python") -> Shop:
    """Feast repo, program and bundle in ``folder``, with the on-demand view in this mode."""
    product = Entity(name="product", join_keys=["product_id"], value_type=ValueType.INT64)
    at = pd.Timestamp("2024-03-01", tz="UTC")
    products = {"product_id": [KNOWN, HUGE], "price": PRICE, "label": _LABELS}
    stock = pd.DataFrame(products | {"event_timestamp": at})
    shelf = view(folder, "shelf", [product], _SCHEMA, stock, ttl=timedelta(0))
    compute, options = MODES[mode]
    compute.__module__ = __name__  # Feast makes it __main__, and then looks for it there
    made = on_demand_feature_view(
        sources=[shelf, order], schema=_VALUE, name="order_value", **options
    )(compute)
    service = FeatureService(name="shop_v1", features=[shelf, made])
    store = applied(folder, product, shelf, made, service)
    store.write_to_online_store("shelf", stock)
    return Shop(folder, _bundled(folder))


def _bundled(folder: Path) -> str:
    quantity = list(range(1, 33))
    table = pd.DataFrame(
        {
            **{"product_id": KNOWN, "quantity": quantity, "size": SIZED},
            **{"shelf__price": PRICE, "shelf__label": _LABELS[0]},
            "order_value__value": [PRICE * each for each in quantity],
        }
    )
    table.to_parquet(folder / "training.parquet")
    columns = columns_of(
        table,
        {
            **{"product_id": "int64", "quantity": "int64", "size": "string"},
            **{"shelf__price": "float64", "shelf__label": "string"},
            "order_value__value": "float64",
        },
        ["product_id"],
    )
    numeric = ["order_value__value", "quantity", "size"]
    spec = {
        "numeric": [{"column": name, "scale": "none", "fill": "zero"} for name in numeric],
        "categorical": [{"column": "product_id"}],
    }
    preprocessor = DeclaredPreprocessor.fit(PreprocessSpec.model_validate(spec), columns)
    (folder / "preprocess.json").write_text(preprocessor.dump())
    contract = {
        "entities": [{"name": "product_id", "example": KNOWN}],
        "request_features": [
            {"name": "quantity", "example": 2, "minimum": 1, "maximum": 99},
            {"name": "size", "example": SIZED},
        ],
        "outputs": [{"name": "total"}],
    }
    (folder / "contract.yaml").write_text(yaml.safe_dump(contract))
    with unstarted():
        return bundle(
            name=NAME,
            program=export_program(Till(), preprocessor.transform(columns), folder / "model.pt2"),
            feature_service="shop_v1",
            preprocess=folder / "preprocess.json",
            contract=folder / "contract.yaml",
            data=folder / "training.parquet",
            feature_repo=folder,
            models_dir=folder / "models",
        ).name
