"""What a replica counts, what it costs, and that nothing waits for it."""

import logging
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from app.journal.reading import read
from app.observability.drift.recorder import DriftRecorder
from app.observability.drift.settings import DriftSettings
from app.observability.drift.tally import Tally, decode
from deployments.bundle.bundle import BundleStore
from deployments.drift.binning import Binning
from deployments.drift.reference import Reference
from deployments.frames import Failure
from deployments.metrics.catalogue.drift import SKETCHED
from deployments.metrics.series import COUNTS
from tests.support.drift import batch, bundled, drift_settings, recordings, rows, trained
from tests.support.wait import wait_for

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return trained(np.random.default_rng(0))


def tallies(settings: DriftSettings) -> list[Tally]:
    return [decode(record.data) for record in read(settings.journal.directory)]


async def test_all_rows_of_all_batches_are_counted(tmp_path: Path, reference: Reference) -> None:
    settings = drift_settings(tmp_path)
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", reference))
    before = COUNTS.counter(SKETCHED)["parcels", "1"].value
    parts = [rows(RNG, count) for count in (1, 64, 256)]
    await recorder.start()
    for part in parts:
        recorder.answered(batch(part), recordings(len(part)))
    await recorder.close()

    found = tallies(settings)
    assert sum(one.rows for one in found) == 321
    assert COUNTS.counter(SKETCHED)["parcels", "1"].value - before == 321
    for name, bins in reference.named.items():
        told = np.sum([one.counts[name] for one in found], axis=0)
        columns = [part.late if name == "late" else part.columns[name] for part in parts]
        expected = sum(Binning(bins).count(column) for column in columns)
        assert told.tolist() == np.asarray(expected).tolist(), name


async def test_they_are_written_within_seconds_and_not_at_the_end_alone(
    tmp_path: Path, reference: Reference
) -> None:
    settings = drift_settings(tmp_path)
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", reference))
    await recorder.start()
    recorder.answered(batch(rows(RNG, 300)), recordings(300))
    await wait_for(lambda: bool(tallies(settings)))
    await recorder.close()


async def test_outputs_are_of_rows_that_have_an_answer(
    tmp_path: Path, reference: Reference
) -> None:
    settings = drift_settings(tmp_path)
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", reference))
    made = rows(RNG, 10)
    made.late[3] = np.nan
    await recorder.start()
    recorder.answered(batch(made, failed={3: Failure("no")}), recordings(10))
    await recorder.close()
    (tally,) = tallies(settings)
    assert sum(tally.counts["weight"]) == 10
    assert sum(tally.counts["late"]) == 9


async def test_no_more_rows_are_taken_than_the_config_says(
    tmp_path: Path, reference: Reference
) -> None:
    now = [0.0]
    settings = drift_settings(tmp_path, rows=2000, rows_per_s=100)
    bundles = bundled(tmp_path / "models", reference)
    recorder = DriftRecorder(settings, bundles, clock=lambda: now[0])
    made = batch(rows(RNG, 100))
    before = COUNTS.counter(SKETCHED)["parcels", "1"].value
    await recorder.start()
    for _ in range(1000):  # 14,000 rows a second come, for seven
        recorder.answered(made, recordings(100))
        now[0] += 100 / 14_000
    await recorder.close()
    taken = COUNTS.counter(SKETCHED)["parcels", "1"].value - before
    assert 2700 <= taken <= 2900  # a window at once, and then 100 a second


async def test_the_way_of_requests_pays_microseconds(tmp_path: Path, reference: Reference) -> None:
    settings = drift_settings(tmp_path)
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", reference))
    made, seen = batch(rows(RNG, 64)), recordings(64)
    times = []
    for _ in range(2000):
        begin = perf_counter()
        recorder.answered(made, seen)
        times.append(perf_counter() - begin)
    assert float(np.median(times)) < 20e-6


async def test_versions_are_counted_apart(tmp_path: Path, reference: Reference) -> None:
    settings = drift_settings(tmp_path)
    bundles = bundled(tmp_path / "models", reference, "1", "2")
    recorder = DriftRecorder(settings, bundles)
    await recorder.start()
    for version, count in (("1", 20), ("2", 30)):
        recorder.answered(batch(rows(RNG, count), version), recordings(count, version))
    await recorder.close()
    assert {one.version: one.rows for one in tallies(settings)} == {"1": 20, "2": 30}


@pytest.mark.parametrize("version", ["1", "gone"])
async def test_without_a_reference_nothing_is_counted_which_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    settings = drift_settings(tmp_path)
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", None))
    with caplog.at_level(logging.WARNING):
        await recorder.start()
        for _ in range(3):
            recorder.answered(batch(rows(RNG, 5), version), recordings(5, version))
        await recorder.close()
    assert len([one for one in caplog.messages if "reference.json" in one or "gone" in one]) == 1
    assert tallies(settings) == []
    assert recorder.problems() == []


async def test_what_is_left_out_is_not_counted(tmp_path: Path, reference: Reference) -> None:
    settings = drift_settings(tmp_path, leave_out=["weight", "late"])
    recorder = DriftRecorder(settings, bundled(tmp_path / "models", reference))
    await recorder.start()
    recorder.answered(batch(rows(RNG, 5)), recordings(5))
    await recorder.close()
    (tally,) = tallies(settings)
    assert set(tally.counts) == {"depot", "pieces", "insured"}


async def test_what_cannot_be_counted_is_told_and_ends_nothing(
    tmp_path: Path, reference: Reference
) -> None:
    settings = drift_settings(tmp_path)
    bundles: BundleStore = bundled(tmp_path / "models", reference)
    recorder = DriftRecorder(settings, bundles)
    broken = rows(RNG, 5)
    del broken.columns["weight"]
    await recorder.start()
    recorder.answered(batch(broken), recordings(5))
    await wait_for(lambda: bool(recorder.problems()))
    recorder.answered(batch(rows(RNG, 300)), recordings(300))
    await wait_for(lambda: not recorder.problems())
    await recorder.close()
    assert sum(one.rows for one in tallies(settings)) == 300
