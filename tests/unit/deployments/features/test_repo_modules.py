import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from feast import FeatureService

from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError
from deployments.features.repo_modules import is_importable, is_installed
from deployments.features.resolve import resolve
from deployments.features.store.reader import OnlineReader
from tests.support.repos import STORE, applied, materialize, shelf

OWN_STORE = """
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig


class OwnSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):
    type: str = "own_store.OwnSqliteOnlineStore"


class OwnSqliteOnlineStore(SqliteOnlineStore):
    def online_read(self, *args, **kwargs):
        rows = super().online_read(*args, **kwargs)
        for _, features in rows:
            features["price"].double_val *= 10
        return rows
"""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path])
        yield
    sys.modules.pop("own_store", None)
    is_installed.cache_clear()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repo that is served from an online store of its own module."""
    view = shelf(tmp_path)
    materialize(applied(tmp_path, STORE, view, FeatureService(name="v1", features=[view])))
    path = tmp_path / "feature_store.yaml"
    document = yaml.safe_load(path.read_text())
    document["online_store"]["type"] = "own_store.OwnSqliteOnlineStore"
    path.write_text(yaml.safe_dump(document))
    return tmp_path


def test_a_store_of_the_repos_own_module_serves(repo: Path) -> None:
    (repo / "own_store.py").write_text(OWN_STORE)

    store = open_store(repo, None)

    (view,) = resolve(store, "v1").stored
    rows = OnlineReader(store).read(view, [(1,), (2,)])
    assert rows.columns(view.layout)["price"].tolist() == [15.0, 25.0]


def test_a_store_whose_module_is_not_there_is_named(repo: Path) -> None:
    with pytest.raises(ServiceError, match="own_store"):
        open_store(repo, None)


def test_modules_of_a_repo_can_be_imported_and_are_not_taken_for_installed(repo: Path) -> None:
    (repo / "own_store.py").write_text(OWN_STORE)
    open_store(repo, None)

    assert is_importable("own_store")
    assert not is_installed("own_store")
    assert is_installed("json")
    assert not is_importable("__main__")


def test_a_repo_is_behind_what_is_installed(repo: Path) -> None:
    (repo / "own_store.py").write_text(OWN_STORE)
    (repo / "yaml.py").write_text("raise RuntimeError('the wrong one')\n")

    open_store(repo, None)
    open_store(repo, None)

    assert sys.path.count(str(repo)) == 1
    assert is_installed("yaml")
