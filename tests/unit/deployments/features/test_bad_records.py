"""One stored record that cannot be read, in a real store: that row is defaulted, no other."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from feast import FeatureService, FeatureStore
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import _mmh3, _redis_key

from deployments.features.lookup import FeatureLookup
from deployments.features.settings import LookupSettings
from deployments.features.store.feast import EntityKey, Value
from deployments.frames import Status
from tests.support.frames import state_of
from tests.support.postgres import connection, fresh_database
from tests.support.redis import redis_server
from tests.support.repos import applied, view
from tests.support.wait import wait_for
from tests.unit.deployments.features.test_lookup_cache import (
    SCHEMA,
    STILL,
    bundles,
    frame,
    prices,
    store_key,
    write,
)

SQLITE = {"type": "sqlite", "path": "online_store.db"}
BAD = 7
MANY = range(1, 39)


def entity_key() -> EntityKey:
    return EntityKey(join_keys=["store_id"], entity_values=[Value(int64_val=BAD)])


@dataclass
class Shop:
    """Two views of one entity in a store, and a stage over them."""

    folder: Path
    online: dict[str, Any]

    def repo(self) -> FeatureStore:
        shelf, rack = (view(self.folder, name, [store_key], SCHEMA) for name in ("shelf", "rack"))
        service = FeatureService(name="both", features=[shelf, rack])
        repo = applied(self.folder, store_key, shelf, rack, service, online_store=self.online)
        write(repo, "shelf", prices(*(10.0 * number for number in MANY)))
        write(repo, "rack", prices(*(1.0 * number for number in MANY)))
        return repo

    def stage(self, repo: FeatureStore, **settings: Any) -> FeatureLookup:
        given = {"clock": STILL, "breaker": {"failures": 1, "probe_s": 60}, "budget_s": 10}
        defaults = {"shelf__price": 15.0, "rack__price": 1.5}
        return FeatureLookup(
            lambda: FeatureStore(repo_path=str(self.folder)),
            bundles(repo, self.folder, defaults=defaults, one="both"),
            LookupSettings.model_validate(given | settings),
        )


def sqlite(sql: str) -> Callable[[Shop], None]:
    def harm(shop: Shop) -> None:
        key = serialize_entity_key(entity_key(), 3)
        with closing(sqlite3.connect(shop.folder / "online_store.db")) as database, database:
            changed = database.execute(f"UPDATE shop_shelf SET {sql} WHERE entity_key=?", (key,))
            assert changed.rowcount == 1

    return harm


def in_redis(change: Callable[[Any, bytes], Any]) -> Callable[[Shop], None]:
    def harm(shop: Shop) -> None:
        port = shop.online["connection_string"].partition(":")[2]
        with redis.Redis(port=int(port)) as client:
            change(client, _redis_key("shop", entity_key(), 3))

    return harm


def replaced(client: Any, key: bytes, by: Callable[[], Any]) -> None:
    assert client.delete(key) == 1
    by()


def in_postgres(sql: str) -> Callable[[Shop], None]:
    def harm(shop: Shop) -> None:
        key = serialize_entity_key(entity_key(), 3)
        statement: Any = f"UPDATE shop_shelf SET {sql} WHERE entity_key = %s"
        with connection(shop.online["port"], shop.online["database"]) as database:
            assert database.execute(statement, (key,)).rowcount == 1

    return harm


SHELF, BOTH = {"shelf"}, {"shelf", "rack"}
HARMS: dict[str, tuple[str, Callable[[Shop], None], set[str]]] = {
    "sqlite-value": ("sqlite", sqlite("value=X'ff'"), SHELF),
    "sqlite-text": ("sqlite", sqlite("value='garbage'"), SHELF),
    "sqlite-null": ("sqlite", sqlite("value=NULL"), SHELF),
    "sqlite-time": ("sqlite", sqlite("event_ts='garbage'"), SHELF),
    "sqlite-no-time": ("sqlite", sqlite("event_ts=NULL"), SHELF),
    "sqlite-time-beyond": ("sqlite", sqlite("event_ts=99999999999999"), SHELF),
    "redis-field": (
        "redis",
        in_redis(lambda client, key: client.hset(key, _mmh3("shelf:price"), b"\xff")),
        SHELF,
    ),
    "redis-time": (
        "redis",
        in_redis(lambda client, key: client.hset(key, "_ts:shelf", b"\xff")),
        SHELF,
    ),
    "redis-list": (
        "redis",
        in_redis(lambda client, key: replaced(client, key, lambda: client.lpush(key, "a"))),
        BOTH,
    ),
    "redis-string": (
        "redis",
        in_redis(lambda client, key: replaced(client, key, lambda: client.set(key, "a"))),
        BOTH,
    ),
    "postgres-value": ("postgres", in_postgres("value='\\xff'::bytea"), SHELF),
    "postgres-null": ("postgres", in_postgres("value=NULL"), SHELF),
    "postgres-time-beyond": ("postgres", in_postgres("event_ts='infinity'"), SHELF),
}


@pytest.fixture(params=HARMS)
def harmed(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[FeatureLookup, set[str]]]:
    """A stage over a store with one bad record, and the views that it is bad in."""
    kind, harm, views = HARMS[request.param]
    with ExitStack() as running:
        if kind == "redis":
            port = running.enter_context(redis_server(tmp_path))
            online = {"type": "redis", "connection_string": f"localhost:{port}"}
        elif kind == "postgres":
            online = fresh_database(request.getfixturevalue("postgres"))
        else:
            online = SQLITE
        shop = Shop(tmp_path, online)
        repo = shop.repo()
        harm(shop)
        yield shop.stage(repo), views


async def test_its_row_is_defaulted_and_every_other_fresh(
    harmed: tuple[FeatureLookup, set[str]], log: pytest.LogCaptureFixture
) -> None:
    stage, views = harmed
    defaults = {"shelf": 15.0, "rack": 1.5}

    found = await stage.lookup(frame("one", *MANY))

    for name, unit in (("shelf", 10.0), ("rack", 1.0)):
        prices = [unit * number for number in MANY]
        states = [Status.FRESH for _ in MANY]
        if name in views:
            prices[BAD - 1], states[BAD - 1] = defaults[name], Status.DEFAULTED
        assert found.columns[f"{name}__price"].tolist() == prices
        assert state_of(found, name)[0].tolist() == states
    assert not stage._reader.outage
    assert log.text.count("stored rows cannot be used") == len(views)
    assert "'store_id': 7" in log.text


async def test_alone_it_is_no_outage_either(harmed: tuple[FeatureLookup, set[str]]) -> None:
    stage, _ = harmed
    for _ in range(3):
        found = await stage.lookup(frame("one", BAD))
        assert state_of(found, "shelf")[0].tolist() == [Status.DEFAULTED]
        assert not stage._reader.outage
    found = await stage.lookup(frame("one", 1))
    assert state_of(found, "shelf")[0].tolist() == [Status.FRESH]


async def test_it_is_looked_for_once_in_the_time_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, SQLITE)
    repo = shop.repo()
    sqlite("value=X'ff'")(shop)
    stage = shop.stage(repo, cache_ttl_s=60)
    await stage.lookup(frame("one", *MANY))
    monkeypatch.setattr(stage._reader, "read", None)  # nobody asks it again

    found = await stage.lookup(frame("one", *MANY))

    assert state_of(found, "shelf")[0].tolist().count(Status.DEFAULTED) == 1


async def test_a_view_without_its_table_is_defaulted_and_the_others_fresh(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    shop = Shop(tmp_path, SQLITE)
    repo = shop.repo()
    with closing(sqlite3.connect(tmp_path / "online_store.db")) as database, database:
        database.execute("ALTER TABLE shop_shelf RENAME TO elsewhere")
    stage = shop.stage(repo, breaker={"failures": 1, "probe_s": 0.05})
    for number in (1, 2, 3):
        found = await stage.lookup(frame("one", number))
        assert state_of(found, "shelf")[0].tolist() == [Status.DEFAULTED]
        assert state_of(found, "rack")[0].tolist() == [Status.FRESH]
    assert log.text.count("no such table: shop_shelf") == 1
    assert "feast apply" in log.text

    with closing(sqlite3.connect(tmp_path / "online_store.db")) as database, database:
        database.execute("ALTER TABLE elsewhere RENAME TO shop_shelf")
    await wait_for(lambda: "'shelf' can be read again" in log.text)

    found = await stage.lookup(frame("one", 4))
    assert state_of(found, "shelf")[0].tolist() == [Status.FRESH]
