import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, ValueType
from feast.types import Float64, Int64

from deployments.bundle.bundle import BundleStore
from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.plan import ServiceError
from deployments.features.resolve import resolve
from deployments.features.settings import LookupSettings
from deployments.frames import Frame, Status
from deployments.model_id import ModelId
from examples.repos import quiet
from examples.store_orders.tables import AS_OF
from tests.support.example import Example, orders_at
from tests.support.frames import floats, state_of
from tests.support.manifests import field, manifest, store
from tests.support.repos import applied, view

store_key = Entity(name="store", join_keys=["store_id"], value_type=ValueType.INT64)
SCHEMA = [Field(name="store_id", dtype=Int64), Field(name="price", dtype=Float64)]
STILL = ReplayClock(mode="replay", start=AS_OF, speed=0)


def prices(*values: float) -> pd.DataFrame:
    """A price for each store, counted from 1."""
    return pd.DataFrame(
        {"store_id": np.arange(len(values)) + 1, "price": values, "event_timestamp": AS_OF}
    )


@pytest.fixture
def repo(tmp_path: Path) -> FeatureStore:
    """Two views that differ in what they hold, and a service that calls either ``goods``."""
    views: list[FeatureView] = [
        view(tmp_path, name, [store_key], SCHEMA) for name in ("shelf", "rack")
    ]
    services = [
        FeatureService(name=f"of_{one.name}", features=[one.with_name("goods")]) for one in views
    ]
    both = FeatureService(
        name="between",
        features=[
            views[0].with_name("here"),
            views[0].with_name("there").with_join_key_map({"store_id": "other_id"}),
        ],
    )
    repo = applied(tmp_path, store_key, *views, *services, both)
    write(repo, "shelf", prices(10, 20, 30))
    write(repo, "rack", prices(1000, 2000, 3000))
    return repo


def write(repo: FeatureStore, name: str, table: pd.DataFrame) -> None:
    with quiet():
        repo.write_to_online_store(name, table)


def bundles(
    repo: FeatureStore, folder: Path, defaults: dict[str, Any] | None = None, **services: str
) -> BundleStore:
    """A bundle for each version=service, of which only the contract is real."""
    manifests = []
    for version, service in services.items():
        schema = resolve(repo, service).schema
        keys = [field(name, dtype) for name, dtype in schema.entities.items()]
        made = manifest(name="goods", version=version, entities=keys)
        contract = {"service": schema, "service_sha256": schema.fingerprint()}
        manifests.append(made.model_copy(update=contract | {"defaults": defaults or {}}))
    return store(folder / "models", *manifests)


def lookup(repo: FeatureStore, bundles: BundleStore, cache_rows: int = 100) -> FeatureLookup:
    settings = LookupSettings(clock=STILL, cache_rows=cache_rows, cache_ttl_s=10)
    return FeatureLookup(lambda: repo, bundles, settings)


def frame(version: str, *keys: int, **others: list[int]) -> Frame:
    columns = {"store_id": np.array(keys, dtype=np.int64)}
    columns |= {name: np.array(values, dtype=np.int64) for name, values in others.items()}
    return Frame(ModelId("goods", version), len(keys), columns)


@pytest.fixture
async def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets the event loop's clock jump ahead."""
    loop = asyncio.get_running_loop()
    true_time, ahead = loop.time, 0.0

    def jump(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(loop, "time", lambda: true_time() + ahead)
    return jump


async def test_a_cached_row_hides_a_newer_one_only_for_its_time(
    repo: FeatureStore, tmp_path: Path, later: Callable[[float], None]
) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf"))
    await stage.lookup(frame("one", 1))
    write(repo, "shelf", prices(11))

    assert (await stage.lookup(frame("one", 1))).columns["goods__price"].tolist() == [10]
    later(11)
    assert (await stage.lookup(frame("one", 1))).columns["goods__price"].tolist() == [11]


async def test_a_batch_may_mix_cached_and_new_keys(repo: FeatureStore, tmp_path: Path) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf"))
    await stage.lookup(frame("one", 9, 3, 2))

    found = await stage.lookup(frame("one", 1, 2, 9, 3, 1))

    np.testing.assert_array_equal(found.columns["goods__price"], [10, 20, np.nan, 30, 10])


@pytest.mark.parametrize(
    ("changed", "price"),
    [
        ({"cache_ttl_s": 9}, 10),
        ({"cache_rows": 99}, 11),
        ({"clock": STILL.model_copy(update={"start": AS_OF + pd.Timedelta(seconds=1)})}, 11),
    ],
    ids=["neither", "room", "clock"],
)
async def test_new_settings_keep_what_is_cached_unless_its_room_or_the_clock_changes(
    repo: FeatureStore, tmp_path: Path, changed: dict[str, Any], price: int
) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf"))
    await stage.lookup(frame("one", 1))
    write(repo, "shelf", prices(11))

    stage.reconfigure(stage.settings.model_copy(update=changed))

    assert (await stage.lookup(frame("one", 1))).columns["goods__price"].tolist() == [price]


async def test_new_settings_let_the_clock_run_on(repo: FeatureStore, tmp_path: Path) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf"))
    clock = stage.clock

    stage.reconfigure(stage.settings.model_copy(update={"cache_rows": 7}))
    assert stage.clock is clock

    stage.reconfigure(LookupSettings())
    assert stage.clock is not clock


async def test_without_a_cache_every_lookup_reads_the_store(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf"), cache_rows=0)
    await stage.lookup(frame("one", 1))
    write(repo, "shelf", prices(11))

    assert (await stage.lookup(frame("one", 1))).columns["goods__price"].tolist() == [11]


async def test_versions_that_give_one_name_to_two_views_do_not_share_their_rows(
    repo: FeatureStore, tmp_path: Path
) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="of_shelf", two="of_rack"))

    shelf = await stage.lookup(frame("one", 1, 2))
    rack = await stage.lookup(frame("two", 2, 1))

    assert shelf.columns["goods__price"].tolist() == [10, 20]
    assert rack.columns["goods__price"].tolist() == [2000, 1000]


async def test_two_names_of_one_view_share_their_rows(repo: FeatureStore, tmp_path: Path) -> None:
    stage = lookup(repo, bundles(repo, tmp_path, one="between"))
    await stage.lookup(frame("one", 1, 2, other_id=[2, 1]))
    write(repo, "shelf", prices(11, 22))

    crossed = await stage.lookup(frame("one", 2, 1, other_id=[1, 2]))

    assert crossed.columns["here__price"].tolist() == [20, 10]
    assert crossed.columns["there__price"].tolist() == [10, 20]


async def test_unusable_rows_stay_unusable_from_the_cache(
    repo: FeatureStore, tmp_path: Path
) -> None:
    old = prices(10, 20).assign(event_timestamp=AS_OF - pd.Timedelta(days=3))
    write(repo, "rack", old)
    stage = lookup(repo, bundles(repo, tmp_path, one="of_rack"))

    for _ in range(2):
        found = await stage.lookup(frame("one", 1, 9, 3))
        assert state_of(found, "goods")[0].tolist() == [
            Status.DEFAULTED,
            Status.MISSING,
            Status.FRESH,
        ]
        np.testing.assert_array_equal(found.columns["goods__price"], [np.nan, np.nan, 3000])


async def test_a_version_that_the_registry_does_not_match_is_refused(
    repo: FeatureStore, tmp_path: Path
) -> None:
    models = bundles(repo, tmp_path, one="of_shelf")
    repo.registry.delete_feature_service("of_shelf", "shop")

    with pytest.raises(ServiceError, match="'of_shelf' is not in the Feast registry"):
        await lookup(repo, models).lookup(frame("one", 1))


@pytest.fixture(params=[0, 7, 50_000])
def busy(request: pytest.FixtureRequest, example: Example) -> FeatureLookup:
    """The example's lookup with no cache, one much smaller than a batch, and a large one."""
    settings = LookupSettings(clock=STILL, cache_rows=request.param, cache_ttl_s=60, budget_s=30)
    return FeatureLookup(example.store, example.bundles, settings)


async def test_concurrent_batches_get_what_each_alone_would(
    example: Example, busy: FeatureLookup
) -> None:
    rows = orders_at(AS_OF, 60)
    rng = np.random.default_rng(1)
    await busy.lookup(example.frame(rows.iloc[::3]))
    picks = [rng.integers(0, len(rows), size) for size in (1, 60, 5, 30, 5, 60, 1, 13)]
    alone = await FeatureLookup(
        example.store, example.bundles, LookupSettings(clock=STILL, cache_rows=0, budget_s=30)
    ).lookup(example.frame(rows))

    together = await asyncio.gather(*(busy.lookup(example.frame(rows.iloc[p])) for p in picks))

    for pick, found in zip(picks, together, strict=True):
        for name, column in alone.columns.items():
            np.testing.assert_array_equal(
                floats(found.columns[name]), floats(column)[pick], err_msg=name
            )
