"""What cannot be logged is counted, and keeps nothing else from its destination."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from feast import FeatureStore

from app.journal.chain import Chain, ChainForm
from app.journal.writers import claim
from app.observability.served.reading import served as read
from app.observability.served.rows import Packed, encode
from app.observability.served_log import work as module
from app.observability.served_log.clock import Clock
from app.observability.served_log.progress import Position, Progress
from app.observability.served_log.recorder import ServedLog
from app.observability.served_log.settings import ServedLogSettings
from app.observability.served_log.table import schema_of
from app.observability.served_log.work import ServedLogWork
from deployments.bundle.bundle import BundleStore
from tests.support.warehouse import SERVICE, row, serving
from tests.unit.app.observability.served_log.test_logged import (
    counts,
    log_settings,
    logged_warehouse,
    read_back,
    work,
)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return logged_warehouse(tmp_path)


@pytest.fixture
def settings(tmp_path: Path, store: FeatureStore) -> ServedLogSettings:
    return log_settings(tmp_path, store)


@contextmanager
def writing(settings: ServedLogSettings) -> Iterator[Chain]:
    """The spool's next writer."""
    writer = claim(settings.journal.directory)
    try:
        yield Chain.recovered(writer.folder, writer.id, ChainForm())
    finally:
        writer.release()


@pytest.mark.parametrize("gone", ["service", "view"])
async def test_a_service_that_the_registry_has_no_more_blocks_nobody(
    tmp_path: Path,
    store: FeatureStore,
    settings: ServedLogSettings,
    gone: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1), row(2)])
    if gone == "service":
        store.registry.delete_feature_service(SERVICE, store.project)
    else:
        store.registry.delete_feature_view("staff", store.project)

    handed_on = work(settings, tmp_path, store)
    assert counts(handed_on) == counts(handed_on) == {"logged": 0, "dropped": 0, "failed": 2}
    assert len([one for one in caplog.messages if "are not logged" in one]) == 1


async def test_a_bad_row_costs_itself(
    tmp_path: Path,
    store: FeatureStore,
    settings: ServedLogSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def narrow(store: FeatureStore, service: Any) -> pa.Schema:
        """The column of another type than it had when it was served."""
        schema = schema_of(store, service)
        place = schema.get_field_index("quantity")
        return schema.set(place, pa.field("quantity", pa.int32()))

    monkeypatch.setattr(module, "schema_of", narrow)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1), row(2, quantity=2**40), row(3)])
        await served.ask([row(4, quantity=2**40)])
        await served.ask([row(5)])

    assert counts(work(settings, tmp_path, store)) == {"logged": 3, "dropped": 0, "failed": 2}
    assert sorted(read_back(store)["store_id"]) == [1, 3, 5]
    (told,) = [one for one in caplog.messages if "are not logged" in one]
    assert "'quantity' cannot be logged as int32" in told


async def test_a_record_that_is_damaged_costs_itself(
    tmp_path: Path, store: FeatureStore, settings: ServedLogSettings
) -> None:
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])
    (one,) = read(settings.journal)
    columns = one.rows.columns | {"shelf__label": Packed(others=json.dumps([]).encode())}
    broken = msgspec.structs.replace(one.rows, columns=columns, before=1)
    with writing(settings) as chain:
        chain.write([encode(broken), encode(msgspec.structs.replace(one.rows, before=2))])

    assert counts(work(settings, tmp_path, store)) == {"logged": 2, "dropped": 0, "failed": 1}


class Times:
    """A clock that a test sets, and one that goes on beside it."""

    def __init__(self) -> None:
        self.set_s, self.passed_s = 0.0, 0.0
        self.real = Clock().now()

    def time_ns(self) -> int:
        return self.real.time_ns + int((self.set_s + self.passed_s) * 1e9)

    def monotonic_ns(self) -> int:
        return int(self.passed_s * 1e9)


async def test_what_was_read_is_not_read_again_and_what_is_new_is(
    tmp_path: Path,
    store: FeatureStore,
    settings: ServedLogSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def served_since(journal: Any, since_ns: int) -> Any:
        found = [*read(journal, since_ns)]
        asked.append(len(found))
        return found

    monkeypatch.setattr(module, "served", served_since)
    times = Times()
    clock = Clock(times.time_ns, times.monotonic_ns)
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        bundles = BundleStore(tmp_path / "models")
        handed_on = ServedLogWork(settings, bundles, lambda: store, clock)
        await served.ask([row(1)])
        times.set_s = 3600  # what is written now is an hour old when it is read
        assert counts(handed_on)["logged"] == 1
        times.passed_s = 10
        assert counts(handed_on)["logged"] == 1
        times.set_s = 0  # the clock is set back, behind what was read
        await served.ask([row(2)])
        times.passed_s = 20
        assert counts(handed_on)["logged"] == 2
        assert asked == [1, 0, 2]


async def test_what_was_not_taken_is_read_again(
    tmp_path: Path, store: FeatureStore, settings: ServedLogSettings
) -> None:
    times = Times()
    times.set_s = 3600
    (tmp_path / "logs").write_text("a file where a folder should be")
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])
    bundles, clock = BundleStore(tmp_path / "models"), Clock(times.time_ns, times.monotonic_ns)
    handed_on = ServedLogWork(settings, bundles, lambda: store, clock)
    for _ in range(2):
        with pytest.raises(Exception, match="logs"):
            handed_on.turn()
        times.passed_s += 10
    (tmp_path / "logs").unlink()
    assert counts(handed_on)["logged"] == 1


async def test_writers_whose_folders_are_gone_are_forgotten(
    tmp_path: Path, store: FeatureStore, settings: ServedLogSettings
) -> None:
    directory = settings.journal.directory
    async with serving(tmp_path, store, ServedLog(settings)) as served:
        await served.ask([row(1)])
        assert counts(work(settings, tmp_path, store))["logged"] == 1
        progress = Progress.read(directory)
        (there,) = progress.writers
        progress.writers["gone"] = Position(7)
        with writing(settings):  # it has written nothing yet, but may have long ago
            (directory / "1" / "writer").write_text("a" * 32)
            progress.writers["a" * 32] = Position(9)
            progress.write(directory)
            await served.ask([row(2)])
            assert counts(work(settings, tmp_path, store))["logged"] == 2
    assert Progress.read(directory).writers.keys() == {there, "a" * 32}
