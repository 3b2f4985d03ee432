from pathlib import Path

import pytest

from app.journal.metrics import Metrics
from app.journal.seal_age import SealAge
from app.journal.segments import segments_in
from app.journal.writers import writer_folders
from deployments.metrics.catalogue import journal as catalogue
from deployments.metrics.series import COUNTS
from tests.support.counted import Counted, gauge
from tests.support.journals import journal_settings, opened


@pytest.mark.parametrize("durability", ["write", "fsync"])
async def test_records_are_counted(tmp_path: Path, durability: str) -> None:
    counted = Counted()
    settings = journal_settings(tmp_path, durability=durability)
    async with opened(settings) as journal:
        metrics = Metrics(journal, "audit")
        for _ in range(2):
            await journal.append(b"x" * 1000).kept()
        COUNTS.refresh()
        assert counted(catalogue.RECORDS, journal="audit") == {("kept",): 2}
        assert counted(catalogue.WRITE) == {("audit",): 2}
        (written,) = counted(catalogue.BYTES).values()
        segments = [
            one.path for folder in writer_folders(settings.directory) for one in segments_in(folder)
        ]
        assert written == sum(one.stat().st_size for one in segments)
        assert gauge(catalogue.UNWRITABLE, "audit") == 0
        metrics.close()


async def test_one_that_is_opened_anew_counts_on(tmp_path: Path) -> None:
    counted = Counted()
    for _ in range(2):
        async with opened(journal_settings(tmp_path)) as journal:
            metrics = Metrics(journal, "audit")
            await journal.append(b"x").kept()
            metrics.close()

    assert counted(catalogue.RECORDS) == {("audit", "kept"): 2}


async def test_what_may_happen_is_there_as_nothing(tmp_path: Path) -> None:
    async with opened(journal_settings(tmp_path)) as journal:
        Metrics(journal, "skew").close()

    assert COUNTS.counter(catalogue.RECORDS)["skew", "lost"].value == 0
    assert gauge(catalogue.UNSEALED, "skew") == 0


def test_a_seal_holds_what_was_written_before_it_was_begun() -> None:
    now = 0.0
    age = SealAge(lambda: now)
    assert age.seconds == 0
    age.wrote()
    now = 2.0
    age.wrote()
    assert age.seconds == 2
    age.begin()
    now = 3.0
    age.wrote()
    now = 5.0
    assert age.seconds == 5
    age.sealed()
    assert age.seconds == 2
    age.begin()
    age.sealed()
    assert age.seconds == 0


def test_without_its_seal_a_record_stays_unsealed() -> None:
    now = 0.0
    age = SealAge(lambda: now)
    age.wrote()
    for _ in range(3):
        now += 1
        age.begin()  # and it fails
    assert age.seconds == 3
