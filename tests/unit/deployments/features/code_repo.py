"""A repo whose on-demand code uses all kinds of things, as `feast apply` leaves it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REPO = '''
import enum
import math
from datetime import timedelta
from typing import Any

import helpers
import pandas as pd
from feast import FeatureService, Field, RequestSource
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64

RATE = 1.19
RATES = {"low": 1.07, "high": 1.19}
SEASONS = {"spring", "summer", "autumn", "winter"}
WEIGHTS = pd.Series({"a": 1.5, "b": 2.5})
order = RequestSource(name="order", schema=[Field(name="quantity", dtype=Int64)])


def sum(values):
    """Not Python's own."""
    return 100


class Kind(enum.Enum):
    BULK = 7


def with_tax(amount: float) -> float:
    return amount * RATE


def computed(**options: Any) -> Any:
    return on_demand_feature_view(
        sources=[order], schema=[Field(name="x", dtype=Float64)], **options
    )


@computed(mode="python")
def constant(inputs: dict[str, Any]) -> dict[str, Any]:
    """With what the module holds."""
    return {"x": [q * RATE * RATES["high"] + len(SEASONS) for q in inputs["quantity"]]}


@computed(mode="python")
def imported(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": [math.sqrt(q) + timedelta(minutes=q).total_seconds() for q in inputs["quantity"]]}


@computed(mode="pandas")
def framed(inputs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"x": inputs["quantity"] * WEIGHTS["b"]})


@computed(mode="python")
def inner(inputs: dict[str, Any]) -> dict[str, Any]:
    def taxed(amount: float) -> float:
        return amount * RATE

    return {"x": [taxed(q) for q in inputs["quantity"]]}


@computed(mode="python")
def default(inputs: dict[str, Any], rate: float = RATE) -> dict[str, Any]:
    return {"x": [q * rate for q in inputs["quantity"]]}


def made(rate: float) -> Any:
    @computed(mode="python", name="closure")
    def by_rate(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"x": [q * rate for q in inputs["quantity"]]}

    return by_rate


closure = made(3.0)


@computed(mode="python", singleton=True)
def single(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": inputs["quantity"] * RATE}


@computed(mode="python")
def helped(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": [with_tax(q) for q in inputs["quantity"]]}


@computed(mode="python")
def shadowed(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": [float(sum([q])) for q in inputs["quantity"]]}


@computed(mode="python")
def neighbour(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": [helpers.halved(q) for q in inputs["quantity"]]}


@computed(mode="python")
def kind(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"x": [float(q + Kind.BULK.value) for q in inputs["quantity"]]}


v1 = FeatureService(name="v1", features=[helped])
'''
# What it needs is taken away once it is applied.
LEFT = """
import gone
from definitions import FeatureService, computed
from gone import tenth


@computed(mode="python")
def absent(inputs):
    return {"x": [gone.tenth(q) for q in inputs["quantity"]]}


@computed(mode="python")
def named(inputs):
    return {"x": [tenth(q) for q in inputs["quantity"]]}


v2 = FeatureService(name="v2", features=[named])
"""
STORE_YAML = """
project: shop
provider: local
registry: registry.db
online_store: {type: sqlite, path: online_store.db}
entity_key_serialization_version: 3
"""
READ = """
import json, sys
from pathlib import Path
import pyarrow as pa
from deployments.features.code_digest import CodeError, digest
from deployments.features.lookup import open_store

store, found = open_store(Path(sys.argv[1]), None), {}
for name in sys.argv[2:]:
    view = store.registry.get_any_feature_view(name, "shop")
    try:
        code = digest(view)
    except CodeError as error:
        found[name] = str(error)
        continue
    if view.mode == "pandas":
        answer = view.transform_arrow(pa.table({"quantity": [4]})).to_pydict()
    else:
        answer = view.transform_dict({"quantity": [4]})
    x = answer["x"]
    found[name] = [code, x[0] if isinstance(x, list) else x]
print(json.dumps(found))
"""
OWN = {
    "constant": 4 * 1.19 * 1.19 + 4,
    "imported": 2 + 240.0,
    "framed": 10.0,
    "inner": 4 * 1.19,
    "default": 4 * 1.19,
    "closure": 12.0,
    "single": 4 * 1.19,
}
OF_THE_REPO = {
    "helped": 4 * 1.19,
    "shadowed": 100.0,
    "neighbour": 2.0,
    "kind": 11.0,
}
"""What uses names of a module of the repo, which are pickled by reference."""
REFUSED = {
    "absent": "uses module 'gone', which the registry does not hold",
    "named": "uses 'tenth' of module 'gone'",
}


def apply(folder: Path) -> None:
    """The repo in ``folder``, in which `feast apply` was run, by its own command."""
    (folder / "definitions.py").write_text(REPO)
    (folder / "left.py").write_text(LEFT)
    (folder / "helpers.py").write_text("def halved(x):\n    return x / 2\n")
    (folder / "gone.py").write_text("def tenth(x):\n    return x / 10\n")
    (folder / "feature_store.yaml").write_text(STORE_YAML)
    feast = Path(sys.executable).with_name("feast")
    subprocess.run([feast, "apply"], cwd=folder, check=True, capture_output=True)
    (folder / "gone.py").unlink()


def read(folder: Path, *names: str, seed: int = 0) -> dict[str, Any]:
    """What a fresh process finds: by view its hash and its answer, or why it is refused."""
    command = [sys.executable, "-c", READ, str(folder), *names]
    env = os.environ | {"PYTHONHASHSEED": str(seed)}
    found = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return dict(json.loads(found.stdout))
