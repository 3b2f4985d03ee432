"""Repos at random: nothing that was filled from offline is called skew."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from app.observability.served.rows import ServedRows, decode, dtypes_of, encode
from app.observability.skew.comparison import Comparison
from app.observability.skew.offline import Offline
from app.observability.skew.report import ViewSkew
from app.observability.skew.sample import Sample
from app.observability.skew.settings import SkewSettings
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import OnDemandView, ServiceError, ServicePlan, StoredView
from deployments.features.promise import checked_plan
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from tests.support.drawn_repos import Drawn, repos
from tests.support.lookups import frame, promise
from tests.support.manifests import store as bundle_store


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(repos())
def test_nothing_differs_that_was_filled_from_offline(drawn: Drawn) -> None:
    with TemporaryDirectory() as name:
        for view in _views(drawn, Path(name)):
            differing = [one for one in view.features if one.differ]
            assert not differing, differing


def _views(drawn: Drawn, folder: Path) -> list[ViewSkew]:
    store = drawn.apply(folder)
    try:
        planned = resolve(store, "s0")
    except ServiceError:
        return []
    assume(_is_plain(planned))
    trained = promise(planned)
    lookup = FeatureLookup(
        lambda: store, bundle_store(folder / "models", trained), LookupSettings(budget_s=30)
    )
    asked = frame(trained.service, drawn.rows, trained)
    found = asyncio.run(lookup.lookup(asked))
    assert found.views is not None
    answered = {place: str(place) for place in range(len(drawn.rows)) if place not in found.failed}
    if not answered:
        return []
    dtypes = dtypes_of(trained)
    rows = decode(encode(ServedRows.of(found, found.views, dtypes, answered)))
    sample = Sample.of([rows], dtypes, 100)
    assert np.isfinite(sample.at).all()
    plan = checked_plan(store, trained.service, trained.code)
    offline = Offline(store, trained, plan)
    return Comparison(trained.id, sample, offline, plan, SkewSettings()).views()


def _is_plain(plan: ServicePlan) -> bool:
    """Under a name of its own, and with other keys, Feast's join has been seen to take another row
    of a view than Feast's online answer."""
    views: list[StoredView | OnDemandView] = [*plan.stored, *plan.on_demand]
    named = all(view.name == view.view.name for view in views)
    return named and all(view.join_keys == view.fields for view in plan.stored)
