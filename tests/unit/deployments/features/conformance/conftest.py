from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from feast import FeatureStore

from tests.unit.deployments.features.conformance.stores import store_of, zone

CASES = [
    # Feast reads from SQLite what the writer's zone and the reader's make of a time.
    *(("sqlite", one, one) for one in ("UTC", "America/New_York", "Asia/Kolkata")),
    *(
        (store, made_in, served_in)
        for store in ("redis", "postgres", "remote")
        for made_in, served_in in (("UTC", "UTC"), ("Asia/Kolkata", "America/New_York"))
        if (store, made_in) != ("remote", "UTC")  # a feature server takes ten seconds to start
    ),
]
"""A store, the time zone of the machine that fills it, and of the one that serves."""


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def repo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A repo to serve from."""
    name, made_in, served_in = request.param
    with ExitStack() as running:
        with zone(made_in):
            store = store_of(name, tmp_path_factory.mktemp(name), request)
            repo = running.enter_context(store)
        running.enter_context(zone(served_in))
        yield repo


@pytest.fixture
def store(repo: Path) -> FeatureStore:
    return FeatureStore(repo_path=str(repo))
