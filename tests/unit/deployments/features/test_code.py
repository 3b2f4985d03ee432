"""On-demand code as `feast apply` leaves it, in a process that never saw the repo."""

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import dill
import pytest
from feast import FeatureStore
from feast.transformation import udf_rehydrate

from deployments.features.code import load, text_of
from deployments.features.code_digest import digest
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from tests.unit.deployments.features import code_repo
from tests.unit.deployments.features.code_repo import OF_THE_REPO, OWN, REFUSED

WORKS = OWN | OF_THE_REPO


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repo")
    code_repo.apply(folder)
    return folder


@pytest.fixture(scope="module")
def read(repo: Path) -> dict[str, Any]:
    return code_repo.read(repo, *WORKS, *REFUSED)


@pytest.mark.parametrize("name", WORKS)
def test_code_works_with_all_that_its_module_gave_it(read: dict[str, Any], name: str) -> None:
    assert read[name][1] == pytest.approx(WORKS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_code_that_uses_what_no_replica_has_is_refused_by_name(
    read: dict[str, Any], name: str
) -> None:
    assert REFUSED[name] in read[name]


def test_a_service_of_such_code_is_refused_with_the_view(repo: Path) -> None:
    with pytest.raises(ServiceError, match="on-demand view 'named' uses 'tenth' of module"):
        resolve(FeatureStore(repo_path=str(repo)), "v2")


def test_every_process_finds_the_same(repo: Path, read: dict[str, Any]) -> None:
    assert code_repo.read(repo, *WORKS, *REFUSED, seed=7) == read


def test_code_is_another_once_what_it_uses_of_the_repo_is(
    repo: Path, read: dict[str, Any], tmp_path: Path
) -> None:
    changed = shutil.copytree(repo, tmp_path / "changed")
    (changed / "helpers.py").write_text("# Comments aside.\ndef halved(x):\n    return x / 2.5\n")
    definitions = (changed / "definitions.py").read_text()
    (changed / "definitions.py").write_text(definitions.replace("amount * RATE", "amount + RATE"))

    found = code_repo.read(changed, *WORKS)

    assert found["neighbour"][1] == 4 / 2.5
    other = {name for name in WORKS if found[name][0] != read[name][0]}
    assert other == {"helped", "neighbour"}


@pytest.mark.parametrize("name", OWN)
def test_a_process_that_has_other_modules_of_such_names_finds_the_same(
    repo: Path, read: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    helpers, definitions = type(sys)("helpers"), type(sys)("definitions")
    definitions.with_tax = definitions.Kind = definitions.sum = float  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "helpers", helpers)
    monkeypatch.setitem(sys.modules, "definitions", definitions)
    view: Any = FeatureStore(repo_path=str(repo)).registry.get_any_feature_view(name, "shop")

    assert digest(view) == read[name][0]


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
