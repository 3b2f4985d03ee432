"""Two feature stores in one process, alike in all their names, share nothing."""

from pathlib import Path

from feast import FeatureService, FeatureStore

from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from deployments.frames import Status
from tests.support.frames import state_of
from tests.support.repos import applied, view
from tests.unit.deployments.features.test_lookup_cache import (
    SCHEMA,
    STILL,
    bundles,
    frame,
    prices,
    store_key,
    write,
)
from tests.unit.deployments.features.test_outage import outage


def staged(folder: Path, price: float) -> FeatureLookup:
    """A stage over a repo of its own, with one price."""
    folder.mkdir()
    shelf = view(folder, "shelf", [store_key], SCHEMA)
    repo = applied(folder, store_key, shelf, FeatureService(name="of_shelf", features=[shelf]))
    write(repo, "shelf", prices(price))
    models = bundles(repo, folder, defaults={"shelf__price": -price}, one="of_shelf")
    settings = {"clock": STILL, "cache_ttl_s": 1e-6, "breaker": {"probe_s": 60}}
    policy = {"last_known_good_s": 0}
    return FeatureLookup(
        lambda: FeatureStore(repo_path=str(folder)),
        models,
        LookupSettings.model_validate(settings | {"policy": policy}),
    )


async def answer(stage: FeatureLookup) -> tuple[float, Status]:
    found = await stage.lookup(frame("one", 1))
    return found.columns["shelf__price"][0], Status(state_of(found, "shelf")[0][0])


async def test_each_answers_with_its_own(tmp_path: Path) -> None:
    here, there = staged(tmp_path / "here", 1.0), staged(tmp_path / "there", 2.0)

    for _ in range(3):
        assert await answer(here) == (1, Status.FRESH)
        assert await answer(there) == (2, Status.FRESH)


async def test_one_that_is_away_is_none_of_the_others_business(tmp_path: Path) -> None:
    here, there = staged(tmp_path / "here", 1.0), staged(tmp_path / "there", 2.0)
    await answer(there)
    await outage(here, tmp_path / "here")

    assert await answer(here) == (-1, Status.DEFAULTED)
    assert await answer(there) == (2, Status.FRESH)
    assert here._reader.outage
    assert not there._reader.outage
