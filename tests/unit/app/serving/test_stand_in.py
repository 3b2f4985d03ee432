"""What stands in for a feature stage that cannot be reached."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from app.config import BatchSettings
from app.serving import stand_in as module
from app.serving.answers import RowAnswer
from app.serving.chain import Chain
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, FeaturesRefused, Overloaded, Unavailable
from app.serving.stand_in import StandIn
from deployments.columns import column_of
from deployments.frames import Frame, Status, ViewStates
from deployments.metrics.catalogue.features import STOOD_IN
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId
from deployments.stage.timed import timed
from tests.support import chains
from tests.support.manifests import parcels, store
from tests.unit.app.serving.test_dataplane import ROW

FIRST, SECOND, THIRD = (ModelId("parcels", version) for version in "123")


class Features:
    """The stage of ``parcels``: what it raises, and what it says beforehand by version."""

    def __init__(self, refuses: bool = False) -> None:
        self.raises: Exception | None = None
        self.refuses = refuses
        self.silent = False
        self.asked = 0

    async def lookup(self, frame: Frame) -> Frame:
        if self.raises:
            raise self.raises
        return await chains.lookup(frame)

    async def defaulted(self, model: ModelId) -> Frame | None:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        status = np.full((2, 1), Status.DEFAULTED, np.int8)
        refused = np.zeros(1, np.int8) if self.refuses else None
        views = ViewStates(("load", "fleet"), status, np.full((2, 1), np.nan), refused)
        value = float(model.version)
        columns = {
            "load__hourly": np.array([value]),
            "fleet__vans": column_of("int64", [int(value)]),
        }
        return Frame(model, 1, columns, views)

    def stand_in(self) -> StandIn:
        return StandIn(timed(self.lookup), self.defaulted)


def frame(model: ModelId, rows: int = 3) -> Frame:
    return Frame(model, rows, {"weight": np.arange(rows, dtype=np.float64)})


@pytest.fixture
def counted() -> Callable[[], float]:
    """Rows that were stood in for since the test began."""
    rows = COUNTS.counter(STOOD_IN)[()]
    before = rows.value
    return lambda: rows.value - before


async def test_each_row_gets_what_the_stage_said(
    counted: Callable[[], float], log: pytest.LogCaptureFixture
) -> None:
    features = Features()
    stands_in = features.stand_in()
    await stands_in.remember(FIRST)
    assert (await stands_in.lookup(frame(FIRST))).value.columns["load__hourly"].tolist() == [
        0,
        1,
        2,
    ]
    assert (stands_in.away, counted()) == (False, 0)

    features.raises = Unavailable("Features has no replica")
    for _ in range(2):
        found = (await stands_in.lookup(frame(FIRST))).value
        assert found.rows == 3
        assert found.columns["weight"].tolist() == [0, 1, 2]
        assert found.columns["load__hourly"].tolist() == [1, 1, 1]
        assert found.views is not None
        assert found.views.status.tolist() == [[Status.DEFAULTED] * 3] * 2
        assert found.views.age_s.shape == (2, 3)
        assert found.views.refused is None
        assert stands_in.away
    assert counted() == 6
    await stands_in.lookup(Frame(FIRST, 1, {}, counted=False))
    assert counted() == 6, "no client asked for it"
    assert log.text.count("the feature stage cannot be reached") == 1

    features.raises = None
    await stands_in.lookup(frame(FIRST))
    assert not stands_in.away
    assert log.text.count("the feature stage answers again") == 1


@pytest.mark.parametrize("error", [Overloaded("no room"), ValueError("a fault of its own")])
async def test_it_stands_in_for_nothing_else(error: Exception) -> None:
    features = Features()
    stands_in = features.stand_in()
    await stands_in.remember(FIRST)
    features.raises = error

    with pytest.raises(type(error)):
        await stands_in.lookup(frame(FIRST))
    assert not stands_in.away


async def test_a_version_that_it_was_not_told_of_has_no_stand_in() -> None:
    features = Features()
    stands_in = features.stand_in()
    await stands_in.remember(FIRST)
    features.raises = Unavailable("Features has no replica")

    with pytest.raises(Unavailable, match="has no replica"):
        await stands_in.lookup(frame(SECOND))
    assert stands_in.away


async def test_two_versions_of_a_model_are_kept() -> None:
    features = Features()
    stands_in = features.stand_in()
    for model in (FIRST, SECOND, FIRST, THIRD):
        await stands_in.remember(model)
    features.raises = Unavailable("Features has no replica")

    assert (await stands_in.lookup(frame(FIRST))).value.columns["load__hourly"][0] == 1
    assert (await stands_in.lookup(frame(THIRD))).value.columns["load__hourly"][0] == 3
    with pytest.raises(Unavailable):
        await stands_in.lookup(frame(SECOND))


async def test_what_was_said_stays_where_it_cannot_be_asked_again(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_ASK_S", 0.01)
    features = Features()
    stands_in = features.stand_in()
    features.silent = True
    await stands_in.remember(FIRST)
    assert "nothing stands in for the features of parcels version 1 yet" in log.text
    features.silent = False
    await stands_in.remember(FIRST)
    features.silent = True
    await stands_in.remember(FIRST)
    features.raises = Unavailable("Features does not answer")

    assert (await stands_in.lookup(frame(FIRST))).value.rows == 3
    assert features.asked == 3


async def test_a_failure_says_nothing_where_others_were_answered_meanwhile() -> None:
    late = asyncio.Event()

    async def lookup(frame: Frame) -> Frame:
        if frame.rows == 1:
            await late.wait()
            raise Unavailable("Features does not answer")
        return await chains.lookup(frame)

    stands_in = StandIn(timed(lookup), Features().defaulted)
    await stands_in.remember(FIRST)
    stuck = asyncio.create_task(stands_in.lookup(frame(FIRST, 1)))
    await asyncio.sleep(0)
    await stands_in.lookup(frame(FIRST))
    late.set()

    assert (await stuck).value.columns["load__hourly"].tolist() == [1]
    assert not stands_in.away


Served = Callable[[Features], Awaitable[Dataplane]]


@pytest.fixture
def served(tmp_path: Path) -> Served:
    async def serve(features: Features) -> Dataplane:
        stands_in = features.stand_in()
        chain = Chain(stands_in.lookup, timed(chains.preprocess), timed(chains.model))
        dataplane = Dataplane(store(tmp_path, parcels()), chain, "parcels")
        await dataplane.activate("1", BatchSettings())
        await stands_in.remember(FIRST)
        return dataplane

    return serve


async def test_answers_are_degraded_where_the_policy_allows(served: Served) -> None:
    features = Features()
    dataplane = await served(features)
    features.raises = Unavailable("Features has no replica")

    (answer,) = await dataplane.serving().answer([ROW])

    assert isinstance(answer, RowAnswer)
    assert answer.outputs["cost"] == 5.0
    assert (answer.features.status, answer.features.degraded) == ("defaulted", True)
    assert answer.features.oldest_age_s is None


async def test_answers_are_refused_where_it_does_not(served: Served) -> None:
    features = Features(refuses=True)
    dataplane = await served(features)
    features.raises = Unavailable("Features has no replica")

    (answer,) = await dataplane.serving().answer([ROW])

    assert isinstance(answer, FeaturesRefused)
    assert answer.code is ErrorCode.FEATURES_UNAVAILABLE
    assert "'load' cannot be read from its store now" in answer.message
