"""One who writes and many who read, in Feast's SQLite store."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
from feast import FeatureService

from deployments.features.lookup import FeatureLookup, open_store
from deployments.features.settings import LookupSettings
from deployments.features.store.sqlite import share
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

PUSHES_S, HELD_S = 1.5, 4.0
# Below the time for which a reader would be locked out, above that for which a busy machine stops.
BUDGET_S = 2.0

PUSHES = f"""
import sys, time
import pandas as pd
from pathlib import Path
from deployments.features.lookup import open_store
from examples.store_orders.tables import AS_OF
store = open_store(Path(sys.argv[1]), None)
rows = pd.DataFrame({{"store_id": [1, 2], "price": 1.0, "event_timestamp": AS_OF}})
until = time.monotonic() + {PUSHES_S}
while time.monotonic() < until:
    store.write_to_online_store("shelf", rows)
"""
# As Feast's adapter writes a materialisation: all of a view in one transaction, which outgrows
# SQLite's cache of 2 MB and so goes to the file before its end.
MATERIALISES = f"""
import sqlite3, sys, time
with sqlite3.connect(sys.argv[1] + "/online_store.db") as database:
    (name,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchone()
    database.executemany(
        f'INSERT INTO "{{name}}" (entity_key, feature_name, value) VALUES (?, ?, ?)',
        ((b"other%d" % row, "price", bytes(200)) for row in range(50_000)),
    )
    time.sleep({HELD_S})
database.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shelf = view(tmp_path, "shelf", [store_key], SCHEMA)
    service = FeatureService(name="of_shelf", features=[shelf.with_name("goods")])
    repo = applied(tmp_path, store_key, shelf, service)
    write(repo, "shelf", prices(10, 20, 30))
    return tmp_path


def journal(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


@contextmanager
def taken(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("writer", [PUSHES, MATERIALISES], ids=["pushes", "materialises"])
async def test_who_reads_does_not_notice_who_writes(folder: Path, writer: str) -> None:
    stage = staged(folder)
    await stage.lookup(frame("one", 1))
    process = subprocess.Popen([sys.executable, "-c", writer, folder])
    reads, statuses = 0, set()
    while process.poll() is None:
        found = await stage.lookup(frame("one", 1, 2, 3))
        statuses |= set(state_of(found, "goods")[0].tolist())
        reads += 1
        await asyncio.sleep(0.001)

    assert process.returncode == 0
    assert reads > 20
    assert statuses == {Status.FRESH}
    assert not stage._reader.outage
    price = (await stage.lookup(frame("one", 1, 3))).columns["goods__price"]
    assert price.tolist() == [1.0 if writer is PUSHES else 10.0, 30.0]


def staged(folder: Path) -> FeatureLookup:
    """A lookup that takes nothing from its cache."""
    opened = partial(open_store, folder, None)
    settings = LookupSettings(clock=STILL, cache_ttl_s=1e-6, budget_s=BUDGET_S)
    return FeatureLookup(opened, bundles(opened(), folder, one="of_shelf"), settings)


def test_feast_by_itself_locks_readers_out(folder: Path) -> None:
    """Without our setting; where this fails, ``share`` has become needless."""
    assert journal(folder / "online_store.db") == "delete"
    with (
        taken(folder / "online_store.db"),
        closing(sqlite3.connect(folder / "online_store.db", timeout=0.01)) as reader,
        pytest.raises(sqlite3.OperationalError, match="database is locked"),
    ):
        reader.execute("SELECT * FROM sqlite_master").fetchall()


def test_it_stays_shared_for_whoever_opens_it_later(folder: Path) -> None:
    open_store(folder, None)

    assert journal(folder / "online_store.db") == "wal"
    with taken(folder / "online_store.db"):
        share(folder / "online_store.db")  # it has no need to wait
        with closing(sqlite3.connect(folder / "online_store.db", timeout=0.01)) as reader:
            reader.execute("SELECT * FROM sqlite_master").fetchall()


def test_one_that_is_locked_is_shared_the_next_time(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "online_store.db"
    with taken(path):
        open_store(folder, None)
    assert "database is locked" in caplog.text
    assert journal(path) == "delete"

    open_store(folder, None)
    assert journal(path) == "wal"


def test_what_is_no_database_is_left_for_its_reader_to_find(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "online_store.db"
    path.write_bytes(b"no database" * 100)

    share(path)

    assert path.read_bytes() == b"no database" * 100
    assert "file is not a database" in caplog.text


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    share(tmp_path / "none.db")

    assert not list(tmp_path.iterdir())
