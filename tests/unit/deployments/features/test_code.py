"""On-demand code as `feast apply` leaves it, in a process that never saw the repo."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dill
import pytest
from feast import FeatureStore
from feast.transformation import udf_rehydrate

from deployments.features.code import is_installed, load, text_of
from deployments.features.code_digest import CodeError, digest
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve

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
WORKS = {
    "constant": 4 * 1.19 * 1.19 + 4,
    "imported": 2 + 240.0,
    "framed": 10.0,
    "inner": 4 * 1.19,
    "default": 4 * 1.19,
    "closure": 12.0,
    "single": 4 * 1.19,
}
REFUSED = {
    "helped": "uses 'with_tax' of module 'definitions', which the registry does not hold",
    "shadowed": "uses 'sum' of module 'definitions'",
    "neighbour": "uses module 'helpers'",
    "kind": "uses 'Kind' of module 'definitions'",
}


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repo in which `feast apply` was run, by its own command."""
    folder = tmp_path_factory.mktemp("repo")
    (folder / "definitions.py").write_text(REPO)
    (folder / "helpers.py").write_text("def halved(x):\n    return x / 2\n")
    (folder / "feature_store.yaml").write_text(STORE_YAML)
    feast = Path(sys.executable).with_name("feast")
    subprocess.run([feast, "apply"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def read(repo: Path) -> dict[str, Any]:
    """What a fresh process finds: by view its hash and its answer, or why it is refused."""
    command = [sys.executable, "-c", READ, str(repo), *WORKS, *REFUSED]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("name", WORKS)
def test_code_works_with_all_that_its_module_gave_it(read: dict[str, Any], name: str) -> None:
    assert read[name][1] == pytest.approx(WORKS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_code_that_uses_what_no_replica_has_is_refused_by_name(
    read: dict[str, Any], name: str
) -> None:
    assert REFUSED[name] in read[name]


def test_a_service_of_such_code_is_refused_with_the_view(repo: Path) -> None:
    with pytest.raises(ServiceError, match="on-demand view 'helped' uses 'with_tax' of module"):
        resolve(FeatureStore(repo_path=str(repo)), "v1")


@pytest.mark.parametrize("name", [*WORKS, *REFUSED])
def test_a_process_that_has_the_repo_imported_finds_the_same(
    repo: Path, read: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    helpers, definitions = type(sys)("helpers"), type(sys)("definitions")
    definitions.with_tax = definitions.Kind = definitions.sum = float  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "helpers", helpers)
    monkeypatch.setitem(sys.modules, "definitions", definitions)
    view: Any = FeatureStore(repo_path=str(repo)).registry.get_any_feature_view(name, "shop")

    if name in WORKS:
        assert digest(view) == read[name][0]
    else:
        with pytest.raises(CodeError, match="which the registry does not hold"):
            digest(view)


@pytest.mark.parametrize("name", REFUSED)
def test_what_runs_in_the_repos_folder_finds_the_same(
    repo: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(repo)
    is_installed.cache_clear()
    view: Any = FeatureStore(repo_path=str(repo)).registry.get_any_feature_view(name, "shop")

    with pytest.raises(CodeError, match="which the registry does not hold"):
        digest(view)


def test_a_module_that_code_uses_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_rates.py").write_text("RATE = 1.07\n")
    monkeypatch.syspath_prepend(tmp_path)
    rates: Any = importlib.import_module("own_rates")
    names: dict[str, Any] = {"own_rates": rates, "__name__": "__main__"}
    exec("def taxed(x):\n    return x * own_rates.RATE\n", names)
    body = dill.dumps(names["taxed"], recurse=True)
    rates.RATE = 1.19

    assert load(body=body, preferred_name="taxed")(100) == 119

    assert rates.RATE == 1.19


def test_what_cannot_be_read_at_all_says_so_when_it_is_called() -> None:
    with pytest.raises(RuntimeError, match="UnpicklingError"):
        load(udf_string="no code", body=b"no pickle", preferred_name="x")({})


def test_feasts_own_loader_is_replaced() -> None:
    """It is what `from_proto` of Feast's transformations calls."""
    assert udf_rehydrate.resolve_udf is load


@pytest.mark.parametrize(
    "same",
    [
        "def f(inputs):\n    return {'x': inputs['q']}",
        "@decorated(\n    mode='python',\n)\ndef f(inputs: dict) -> dict:\n    '''Doc.'''\n"
        "    # comment\n    return {'x':   inputs[\"q\"]}\n",
        "    @decorated\n    def f(inputs):\n        return {'x': inputs['q'],}",
    ],
)
def test_layout_comments_and_annotations_are_not_what_is_computed(same: str) -> None:
    assert text_of(same, "f") == "def f(inputs):\n    return {'x': inputs['q']}"
