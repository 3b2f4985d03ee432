"""What on-demand code is given of every type, against what Feast gives it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import FeatureService, FeatureStore, FeatureView, Field
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.types import String

from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame
from deployments.model_id import ModelId
from tests.unit.deployments.features.conformance.every_type import NOW, ROWS, TYPES, stored
from tests.unit.deployments.features.test_lookup_cache import bundles

# It tells of each input what it is, of what is missing in a table not how that is written. A set
# is a list in a table, in an order that means nothing.
TOLD = """
def seen(inputs):
    def told(value, name=""):
        if isinstance(value, dict):
            return {repr(key): told(value[key]) for key in sorted(value, key=repr)}
        if isinstance(value, set):
            return "set", sorted(map(repr, value))
        if isinstance(value, list) or getattr(value, "ndim", 0):
            many = [told(one) for one in value]
            many = sorted(many, key=repr) if name.endswith("_set") else many
            return str(getattr(value, "dtype", "list")), many
        missing = value is None or value != value
        return None if missing else (type(value).__name__, repr(value))

    names = sorted(name for name in inputs if name.startswith("every__"))
"""
CODE = {
    "python": """
    rows = zip(*(inputs[name] for name in names))
    return {"seen": [repr([told(one) for one in row]) for row in rows]}
""",
    "singleton": """
    return {"seen": repr([told(inputs[name]) for name in names])}
""",
    "pandas": """
    rows = [[told(inputs[name].iloc[row], name) for name in names] for row in range(len(inputs))]
    return pd.DataFrame({"seen": [repr(row) for row in rows]})
""",
}
# Arrow has no type for keys that are no text, nor for lists of anything, nor for UUIDs in dicts.
NOT_IN_TABLES = ("by_number", "by_id", "by_instant", "config", "configs", "profile", "profiles")


def seeing(view: FeatureView, mode: str, code: str) -> OnDemandFeatureView:
    """An on-demand view ``mode`` over all that its mode can hold."""
    names: dict[str, Any] = {"pd": pd}
    exec(code, names)
    taken = [name for name in TYPES if mode != "pandas" or name not in NOT_IN_TABLES]
    return OnDemandFeatureView(
        name=mode,
        sources=[view[taken]],
        schema=[Field(name="seen", dtype=String)],
        mode="pandas" if mode == "pandas" else "python",
        singleton=mode == "singleton",
        udf=names["seen"],
        udf_string=code,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """A service for each mode."""

    store = stored(tmp_path_factory.mktemp("every"))
    every = store.get_feature_view("every")
    for mode, code in CODE.items():
        made = seeing(every, mode, TOLD + code)
        # Not by `apply`, which tries the code with None in place of what it has no sample of.
        store.registry.apply_feature_view(made, store.project)
        service = FeatureService(name=mode, features=[made])
        store.registry.apply_feature_service(service, store.project)
    return store


@pytest.mark.parametrize("mode", CODE)
async def test_code_is_given_what_feast_gives_it_for_each_row_alone(
    store: FeatureStore, tmp_path: Path, mode: str
) -> None:
    stage = FeatureLookup(
        lambda: store,
        bundles(store, tmp_path, one=mode),
        LookupSettings(clock=ReplayClock(mode="replay", start=NOW, speed=0), budget_s=60),
    )
    frame = Frame(ModelId("goods", "one"), len(ROWS), {"shop": np.array([*ROWS.values()])})

    found = await stage.lookup(frame)

    assert not found.failed
    # Feast leaves Python computations out where it is asked for full names.
    alone = [
        store.get_online_features([f"{mode}:seen"], [{"shop": key}]).to_dict()["seen"][0]
        for key in ROWS.values()
    ]
    assert found.columns[f"{mode}__seen"].tolist() == alone


def test_what_feasts_tables_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    code = "def seen(inputs):\n    return pd.DataFrame({'seen': inputs['by_number'].astype(str)})\n"
    names: dict[str, Any] = {"pd": pd}
    exec(code, names)

    def more(view: FeatureView) -> list[Any]:
        made = OnDemandFeatureView(
            name="seen",
            sources=[view],
            schema=[Field(name="seen", dtype=String)],
            mode="pandas",
            udf=names["seen"],
            udf_string=code,
        )
        return [made, FeatureService(name="seen", features=[made])]

    store = stored(tmp_path, more)

    with pytest.raises(ServiceError, match="'every__by_number' of type scalar_map, which the tab"):
        resolve(store, "seen")
