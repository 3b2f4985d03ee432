"""What one process of a node makes of the counts of all replicas."""

import logging
import time
from pathlib import Path

import numpy as np
import pytest

from app.observability.drift.counter import Counter
from app.observability.drift.settings import DriftSettings
from app.observability.drift.tally import encode
from app.observability.drift.window import Windows
from app.observability.drift.work import DriftWork
from deployments.drift.reference import Reference
from deployments.metrics.catalogue.drift import (
    CHI2,
    DRIFT_ROWS,
    DRIFTING,
    PSI,
    PSI_BOUND,
    PSI_CHANCE,
)
from deployments.model_id import ModelId
from tests.support.drift import Replica, bundled, drift_settings, trained


@pytest.fixture(scope="module")
def reference() -> Reference:
    return trained(np.random.default_rng(0))


def told(work: DriftWork, metric: str, version: str = "1") -> dict[str, float]:
    """By the last label, what the series of a metric are now."""
    return {
        one.labels[-1]: one.value
        for one in work.turn()
        if one.metric == metric and one.labels[1] == version
    }


def work_of(folder: Path, reference: Reference, *versions: str) -> tuple[DriftWork, DriftSettings]:
    settings = drift_settings(folder)
    return DriftWork(settings, bundled(folder / "models", reference, *versions)), settings


def test_a_shift_of_a_third_of_a_standard_deviation_alarms_within_2000_rows(
    tmp_path: Path, reference: Reference
) -> None:
    work, _ = work_of(tmp_path, reference)
    replica = Replica(tmp_path, reference)
    replica.serve(10_000)
    assert not any(told(work, DRIFTING.name).values())
    replica.serve(2_000, shift=0.3)
    alarms = told(work, DRIFTING.name)
    assert [name for name, alarm in alarms.items() if alarm] == ["weight"]
    replica.serve(2_000)
    assert not any(told(work, DRIFTING.name).values())


@pytest.mark.parametrize("seed", range(20))
def test_every_seed_and_either_direction(tmp_path: Path, reference: Reference, seed: int) -> None:
    work, _ = work_of(tmp_path, reference)
    replica = Replica(tmp_path, reference, seed)
    replica.serve(2_000)
    replica.serve(2_000, shift=0.3 if seed % 2 else -0.3)
    assert told(work, DRIFTING.name)["weight"] == 1


def test_hundreds_of_windows_without_a_shift_alarm_not_once(
    tmp_path: Path, reference: Reference
) -> None:
    work, _ = work_of(tmp_path, reference)
    replica = Replica(tmp_path, reference)
    beyond = windows = 0
    for _ in range(200):
        replica.serve(500)
        samples = {(one.metric, one.labels[-1]): one.value for one in work.turn()}
        for name in reference.named:
            assert samples[DRIFTING.name, name] == 0
            assert samples[PSI.name, name] <= samples[PSI_BOUND.name, name]
            beyond += samples[PSI.name, name] > samples[PSI_CHANCE.name, name]
            windows += 1
    assert beyond < windows * 0.05  # chance is exceeded now and then: that alone is no alarm


def test_the_counts_of_replicas_are_one_window(tmp_path: Path, reference: Reference) -> None:
    one, other = Replica(tmp_path, reference, 1), Replica(tmp_path, reference, 2)
    one.serve(500)
    other.serve(750)
    work, settings = work_of(tmp_path, reference)
    assert told(work, DRIFT_ROWS.name) == {"1": 1250}
    window = Windows(settings).read()[ModelId("parcels", "1")]
    size = reference.named["depot"].size
    assert window.counts("depot", size).sum() == 1250


def test_another_process_tells_the_same(tmp_path: Path, reference: Reference) -> None:
    replica = Replica(tmp_path, reference)
    replica.serve(3_000)
    first, _ = work_of(tmp_path, reference)
    before = first.turn()
    assert first.turn() == before
    second = DriftWork(drift_settings(tmp_path), first._comparisons._bundles)
    assert second.turn() == before


def test_the_window_slides(tmp_path: Path, reference: Reference) -> None:
    work, _ = work_of(tmp_path, reference)
    replica = Replica(tmp_path, reference)
    for served, rows_told in ((250, 250), (1750, 2000), (250, 2000), (10_000, 2000)):
        replica.serve(served)
        assert told(work, DRIFT_ROWS.name) == {"1": rows_told}


def test_each_version_has_a_window_of_its_own(tmp_path: Path, reference: Reference) -> None:
    work, _ = work_of(tmp_path, reference, "1", "2")
    replica = Replica(tmp_path, reference)
    replica.serve(2_000, shift=1.0)
    replica.serve(2_000, version="2")
    assert told(work, DRIFTING.name, "1")["weight"] == 1
    assert told(work, DRIFTING.name, "2")["weight"] == 0


def test_few_rows_never_alarm(tmp_path: Path, reference: Reference) -> None:
    work, _ = work_of(tmp_path, reference)
    Replica(tmp_path, reference).serve(450, shift=3.0)
    samples = work.turn()
    assert not any(one.value for one in samples if one.metric == DRIFTING.name)
    assert next(one.value for one in samples if one.labels[-1] == "weight") > 1


def test_old_rows_and_what_is_no_count_are_none(tmp_path: Path, reference: Reference) -> None:
    replica = Replica(tmp_path, reference)
    replica.serve(2_000, shift=1.0)
    replica.written.write([b"no counts"])
    replica.written.write([encode(Counter(reference).taken("parcels", "1"))])
    settings = drift_settings(tmp_path)
    assert Windows(settings).read()[ModelId("parcels", "1")].rows == 2000
    later = 10**9 * 10**10
    assert Windows(settings, now_ns=lambda: later).read() == {}


def test_chi_square_is_of_categories(tmp_path: Path, reference: Reference) -> None:
    work, _ = work_of(tmp_path, reference)
    Replica(tmp_path, reference).serve(2_000)
    assert set(told(work, CHI2.name)) == {"depot", "insured"}


def test_an_alarm_is_logged_when_it_begins_and_when_it_ends(
    tmp_path: Path, reference: Reference, caplog: pytest.LogCaptureFixture
) -> None:
    work, _ = work_of(tmp_path, reference)
    replica = Replica(tmp_path, reference)
    with caplog.at_level(logging.INFO, logger="ray.serve"):
        for shift in (1.0, 1.0, 0.0, 0.0):
            replica.serve(2_000, shift)
            work.turn()
    messages = [one for one in caplog.messages if "weight" in one]
    assert len(messages) == 2
    assert "weight of parcels version 1 is not as in training" in messages[0]
    assert "drifts no more" in messages[1]


def test_a_version_that_is_not_served_any_more_alarms_no_longer(
    tmp_path: Path, reference: Reference, caplog: pytest.LogCaptureFixture
) -> None:
    later_s = 0
    work = DriftWork(
        drift_settings(tmp_path),
        bundled(tmp_path / "models", reference, "1", "2"),
        lambda: time.time_ns() + later_s * 10**9,
    )
    Replica(tmp_path, reference).serve(2_000, shift=1.0)
    assert told(work, DRIFTING.name)["weight"] == 1
    later_s = 600
    assert told(work, DRIFTING.name)["weight"] == 1
    later_s = 1200
    with caplog.at_level(logging.INFO, logger="ray.serve"):
        assert told(work, DRIFTING.name) == {}
    assert told(work, PSI.name)["weight"] > 0.5  # figures stay
    assert "weight of parcels version 1 drifted when rows last came" in caplog.text


def test_before_anything_was_served_there_is_nothing(tmp_path: Path, reference: Reference) -> None:
    work, _ = work_of(tmp_path, reference)
    assert work.turn() == []
