"""A store that knows none of a bundle's golden rows, as it is told."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.config import BatchSettings
from app.serving import dataplane as module
from app.serving.dataplane import Dataplane
from deployments.frames import Failure, Frame, Status
from tests.support.chains import lookup, weighing
from tests.support.manifests import parcels, store

SETTINGS = BatchSettings()
FRESH, STALE, MISSING, DEFAULTED = Status


class Views:
    """A lookup in which the rows of ``load`` and ``fleet`` have the statuses that a test sets."""

    def __init__(self, load: list[Status], fleet: list[Status]) -> None:
        self.statuses = {"load": load, "fleet": fleet}
        self.batches: list[int] = []
        self.broken = False

    async def lookup(self, frame: Frame) -> Frame:
        if self.broken:
            raise ConnectionError("no stage answers")
        found = await lookup(frame)
        assert found.views is not None
        start = sum(self.batches[1:]) % 2  # the first was the example
        self.batches.append(frame.rows)
        for place, statuses in enumerate(self.statuses.values()):
            found.views.status[place] = np.resize(statuses[start:], frame.rows)
        return found

    def serving(self, folder: Path) -> Dataplane:
        chain = weighing(lookup=self.lookup)
        return Dataplane(store(folder, parcels("1"), parcels("2")), chain, "parcels")


@pytest.mark.parametrize(
    ("views", "absent"),
    [
        (([FRESH, FRESH], [FRESH, FRESH]), None),
        (([FRESH, MISSING], [MISSING, STALE]), None),
        (([MISSING, MISSING], [FRESH, MISSING]), "in load:"),
        (([MISSING, MISSING], [MISSING, MISSING]), "in load, fleet:"),
        (([DEFAULTED, DEFAULTED], [STALE, STALE]), None),  # these have words of their own
    ],
)
@pytest.mark.parametrize("max_rows", [256, 1])
async def test_views_without_any_golden_row_are_a_problem_and_in_the_log(
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
    views: tuple[list[Status], list[Status]],
    absent: str | None,
    max_rows: int,
) -> None:
    looked_up = Views(*views)
    dataplane = looked_up.serving(tmp_path)

    await dataplane.activate("1", BatchSettings(max_rows=max_rows))

    assert dataplane.serving().model.version == "1"
    assert looked_up.batches == ([1, 2] if max_rows == 256 else [1, 1, 1])
    told = [line.message for line in log.records if line.levelname == "ERROR"]
    if absent is None:
        assert dataplane.problem is None
        assert told == []
    else:
        assert dataplane.problem is not None
        assert f"not one of the bundle's golden rows {absent} fill it" in dataplane.problem
        assert "`feast materialize`" in dataplane.problem
        assert told == [dataplane.problem]


async def ended(dataplane: Dataplane) -> None:
    async with asyncio.timeout(10):
        while dataplane.problem:
            await asyncio.sleep(0)


async def test_the_problem_goes_away_by_itself_once_the_store_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0)
    views = Views([MISSING, MISSING], [FRESH, FRESH])
    dataplane = views.serving(tmp_path)
    await dataplane.activate("1", SETTINGS)
    assert dataplane.problem is not None

    views.broken = True
    while "no stage answers" not in log.text:
        await asyncio.sleep(0)
    assert dataplane.problem is not None
    views.broken = False
    views.statuses["load"] = [FRESH, MISSING]
    await ended(dataplane)

    looked = len(views.batches)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(views.batches) == looked, "nothing is looked for any more"
    assert "has golden rows of 'parcels' now in each feature view" in log.text


async def test_another_version_has_golden_rows_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = Views([MISSING, MISSING], [FRESH, FRESH])
    dataplane = views.serving(tmp_path)
    await dataplane.activate("1", SETTINGS)
    views.statuses["load"] = [FRESH, FRESH]

    await dataplane.activate("2", SETTINGS)

    assert dataplane.problem is None


async def test_golden_rows_that_the_stages_cannot_answer_stop_no_start(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async def only_one(frame: Frame) -> Frame:
        if frame.rows > 1:
            raise ValueError("too many")
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=only_one), "parcels")

    await dataplane.activate("1", SETTINGS)

    assert dataplane.serving().model.version == "1"
    assert "the golden rows could not be looked for: too many" in log.text


async def test_rows_that_fail_for_want_of_features_stop_no_start(tmp_path: Path) -> None:
    views = Views([MISSING, MISSING], [MISSING, MISSING])

    async def empty(frame: Frame) -> Frame:
        found = await views.lookup(frame)
        found.failed = dict.fromkeys(range(frame.rows), Failure("view 'tax' failed"))
        return found

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=empty), "parcels")

    await dataplane.activate("1", SETTINGS)

    assert dataplane.serving().model.version == "1"
    assert dataplane.problem is not None
    assert "has not one of the bundle's golden rows in load, fleet" in dataplane.problem
