from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from feast import FeatureStore

from deployments.features.clock import ReplayClock
from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from examples.store_orders.tables import AS_OF
from tests.support.example import Example
from tests.support.postgres import postgres_binaries, postgres_server
from tests.support.redis import redis_server


@dataclass(frozen=True)
class Online:
    """The example's repo over an online store that is filled as of ``until``."""

    store: FeatureStore
    until: datetime

    @property
    def settings(self) -> LookupSettings:
        still = ReplayClock(mode="replay", start=self.until, speed=0)
        return LookupSettings(clock=still, budget_s=30)

    def lookup(self, example: Example, settings: LookupSettings | None = None) -> FeatureLookup:
        return FeatureLookup(lambda: self.store, example.bundles, settings or self.settings)


@pytest.fixture(scope="session", params=["sqlite", "redis"])
def online(
    request: pytest.FixtureRequest, example: Example, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Online]:
    if request.param == "sqlite":
        yield Online(example.store(), AS_OF)
        return
    folder = tmp_path_factory.mktemp("redis")
    until = AS_OF - timedelta(days=9, hours=3)
    with redis_server(folder) as port:
        settings = {"type": "redis", "connection_string": f"localhost:{port}"}
        yield Online(example.online(folder, settings, until), until)


@pytest.fixture(scope="session")
def postgres() -> Iterator[int]:
    """The port of a PostgreSQL server whose time zone is not that of its rows."""
    if postgres_binaries() is None:
        pytest.skip("no PostgreSQL server here: install Debian's postgresql, or put it on PATH")
    with postgres_server(time_zone="America/New_York") as port:
        yield port
