"""Values of every type over Feast's feature server."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feast import FeatureService, FeatureStore, FeatureView

from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from deployments.features.store.reader import OnlineReader
from deployments.features.view_rows import ViewRows
from tests.unit.deployments.features.conformance.every_type import TYPES, stored
from tests.unit.deployments.features.conformance.stores import served

# The server answers null for the first three, and of a map what JSON has of it.
LOST = ("by_number", "by_id", "by_instant")
CHANGED = ("local", "traits", "trait_list")


def services(view: FeatureView) -> list[Any]:
    kept = [name for name in TYPES if name not in LOST]
    return [FeatureService(name="kept", features=[view[kept]])]


def cells(rows: ViewRows, store: FeatureStore) -> dict[str, list[Any]]:
    (view,) = resolve(store, "kept").stored
    dtypes = view.features
    found = {name: column.tolist() for name, column in rows.columns(view.layout).items()}
    return {
        name: [sorted(one, key=repr) if one and "set<" in dtypes[name] else one for one in column]
        for name, column in found.items()
        if name not in CHANGED
    }


def test_a_feature_server_gives_what_its_store_holds(tmp_path: Path) -> None:
    direct = stored(tmp_path, services)
    (view,) = resolve(direct, "kept").stored
    expected = OnlineReader(direct).read(view, [(1,), (3,), (4,)])
    with served(tmp_path) as client:
        store = FeatureStore(repo_path=str(client))

        found = OnlineReader(store).read(view, [(1,), (3,), (4,)])

        with pytest.raises(ServiceError, match="answers null for scalar_map, as 'every__by_"):
            resolve(store, "every")
    np.testing.assert_equal(cells(found, direct), cells(expected, direct))
    at, same = (one.columns(view.layout)["local"].tolist()[0] for one in (found, expected))
    assert at == same
