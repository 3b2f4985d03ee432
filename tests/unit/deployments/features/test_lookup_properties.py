"""The lookup answers as Feast does, value by value, over repos and services at random.

`FEAST_EXAMPLES=500` tries that many, other ones each time.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from feast import FeatureStore
from hypothesis import Phase, given, settings

from deployments.features.resolve import resolve
from examples.repos import quiet
from tests.support.drawn_repos import Drawn, repos
from tests.support.lookups import looked_up
from tests.support.repos import online_features

MORE = os.environ.get("FEAST_EXAMPLES")


@settings(
    derandomize=not MORE,
    deadline=None,
    database=None,
    max_examples=int(MORE or 12),
    phases=[Phase.generate],  # a smaller one takes minutes to find
)
@given(repos())
def test_services_answer_as_feast_does(drawn: Drawn) -> None:
    with TemporaryDirectory() as folder:
        store = drawn.apply(Path(folder))
        for service in drawn.services:
            found = anyio.run(looked_up, Path(folder) / service, store, service, drawn.rows)

            assert found == answered(store, service, drawn.rows)


def answered(
    store: FeatureStore, service: str, rows: Sequence[dict[str, Any]]
) -> dict[str, list[Any]]:
    """What Feast answers to the same rows, by full name."""
    plan = resolve(store, service)
    answer = online_features(store, service, rows)
    # Row by row: Feast leaves Python computations out where it is asked for full names, of one that
    # takes single rows it answers the first alone, and pandas makes floats of integers for all rows
    # where one has none, which the stage keeps to that row.
    for view in plan.on_demand:
        references = [f"{view.view.name}:{feature}" for feature in view.features]
        with quiet():
            computed = [store.get_online_features(references, [row]).to_dict() for row in rows]
        for feature in view.features:
            answer[f"{view.name}__{feature}"] = [one[feature][0] for one in computed]
    return {name: [_plain(value) for value in answer[name]] for name in plan.schema.columns}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
