"""A store whose connections take longer to open than a read may, behind a real proxy."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from feast import FeatureService, FeatureStore

from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from deployments.frames import Status
from tests.support.frames import state_of
from tests.support.postgres import connection, fresh_database
from tests.support.proxies import SlowProxy, slow_proxy
from tests.support.redis import redis_server
from tests.support.repos import applied, view
from tests.support.wait import wait_for, wait_until
from tests.unit.deployments.features.test_lookup_cache import (
    SCHEMA,
    STILL,
    bundles,
    frame,
    prices,
    store_key,
    write,
)

SLOW_S = 0.8
"""Longer than a read may take."""


@dataclass
class Far:
    """A stage over a store behind a slow proxy, and that store as its operator sees it."""

    stage: FeatureLookup
    proxy: SlowProxy
    online: dict[str, Any]
    port: int

    @property
    def clients(self) -> set[str]:
        """What is connected to the store, but for the operator."""
        if self.online["type"] == "redis":
            with redis.Redis(port=self.port) as operator:
                own = str(operator.client_id())
                return {one["id"] for one in operator.client_list()} - {own}
        with connection(self.port) as operator:
            rows = operator.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s", (self.online["database"],)
            )
            return {str(pid) for (pid,) in rows.fetchall()}

    def cut(self) -> None:
        """End all connections but the operator's."""
        if self.online["type"] == "redis":
            with redis.Redis(port=self.port) as operator:
                operator.client_kill_filter(_type="normal", skipme=True)
            return
        with connection(self.port) as operator:
            for pid in self.clients:
                operator.execute("SELECT pg_terminate_backend(%s)", (int(pid),))

    async def status(self, key: int) -> Status:
        found = await self.stage.lookup(frame("one", key))
        return Status(state_of(found, "shelf")[0][0])


@pytest.fixture(params=["redis", "postgres"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    with ExitStack() as running:
        if request.param == "redis":
            port = running.enter_context(redis_server(tmp_path))
            proxy = running.enter_context(slow_proxy(port))
            online = {"type": "redis", "connection_string": f"127.0.0.1:{proxy.port}"}
        else:
            port = request.getfixturevalue("postgres")
            proxy = running.enter_context(slow_proxy(port))
            online = fresh_database(port) | {"port": proxy.port}
        shelf = view(tmp_path, "shelf", [store_key], SCHEMA)
        service = FeatureService(name="of_shelf", features=[shelf])
        repo = applied(tmp_path, store_key, shelf, service, online_store=online)
        write(repo, "shelf", prices(*range(1000)))
        models = bundles(repo, tmp_path, defaults={"shelf__price": 15.0}, one="of_shelf")
        settings = LookupSettings.model_validate({"clock": STILL, "cache_rows": 0})
        stage = FeatureLookup(lambda: FeatureStore(repo_path=str(tmp_path)), models, settings)
        far = Far(stage, proxy, online, port)
        far.cut()
        wait_until(lambda: not far.clients, "the end of what filled the store")
        proxy.delay_s = SLOW_S
        yield far


def threads() -> int:
    return sum(thread.name.startswith("feast") for thread in threading.enumerate())


async def test_the_first_request_finds_a_connection(far: Far) -> None:
    before = threads()
    await far.stage.plans.get(frame("one", 1).model)  # as a replica that starts

    assert await far.status(1) is Status.FRESH
    assert not far.stage._reader.outage
    assert len(far.clients) == 1
    assert threads() <= before + 1


async def test_one_that_is_cut_is_renewed_and_leaves_nothing_behind(far: Far) -> None:
    await far.stage.plans.get(frame("one", 1).model)
    before = threads()
    for number in range(1, 4):
        far.cut()
        await far.status(number)  # as it may be: the connection is gone
        await wait_for(lambda: not far.stage._reader.outage, timeout_s=5 * SLOW_S)

        assert await far.status(number) is Status.FRESH

    await wait_for(lambda: len(far.clients) == 1, timeout_s=60)
    await wait_for(lambda: threads() <= before + 1, timeout_s=60)


async def test_a_store_that_cannot_be_reached_at_the_start_is_found_later(
    far: Far, log: pytest.LogCaptureFixture
) -> None:
    far.proxy.delay_s = 3600
    far.stage.reconfigure(far.stage.settings.model_copy(update={"open_s": 0.1}))

    assert await far.status(1) is Status.DEFAULTED
    assert far.stage._reader.outage
    assert "the online store cannot be read" in log.text

    far.stage.reconfigure(far.stage.settings.model_copy(update={"open_s": 5.0}))
    far.proxy.delay_s = SLOW_S
    await wait_for(lambda: not far.stage._reader.outage)
    assert await far.status(1) is Status.FRESH
