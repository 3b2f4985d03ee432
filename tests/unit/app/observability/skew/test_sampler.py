"""How much is sampled, of what, and what it costs."""

import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from feast import FeatureStore

from app.observability.served.reading import served as read
from app.observability.skew import sampler
from app.observability.skew.sampler import SkewSampler
from app.observability.skew.settings import SkewSettings
from app.serving.answers import AnsweredBatch
from app.serving.chain import BatchResult, StageTimes
from deployments.features.settings import ViewPolicy
from deployments.frames import Frame, Status, ViewStates
from tests.support.manifests import PARCELS, parcels
from tests.support.skews import skew_settings
from tests.support.warehouse import fill, row, serving

VIEWS = 10


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sampler, "perf_counter", clock)
    return clock


def sampled(settings: SkewSettings) -> int:
    return sum(len(one.rows.requests) for one in read(settings.journal))


async def test_rows_are_bounded_by_the_time_and_not_by_the_load(
    tmp_path: Path, repo: FeatureStore, clock: Clock
) -> None:
    fill(repo)
    settings = skew_settings(tmp_path, rows_per_minute=60)
    async with serving(tmp_path, repo, SkewSampler(settings)) as served:
        await served.ask([row(1)] * 200)
        assert sampled(settings) == 10  # what ten quiet seconds have left room for
        await served.ask([row(1)] * 200)
        assert sampled(settings) == 10
        clock.now += 2.5
        await served.ask([row(1)] * 200)
        await served.ask([row(1)])
        assert sampled(settings) == 12
        clock.now += 3600
        await served.ask([row(1)] * 200)
        assert sampled(settings) == 22


async def test_a_row_is_kept_as_it_was_served(tmp_path: Path, repo: FeatureStore) -> None:
    fill(repo)
    settings = skew_settings(tmp_path)
    async with serving(tmp_path, repo, SkewSampler(settings)) as served:
        await served.ask([row(2, quantity=3)], **{"x-request-id": "mine"})
        await served.ask([row(404)])
        dtypes = served.manifest.service.looked_up

    first, second = (one.rows for one in read(settings.journal))
    assert first.requests == ["mine"]
    assert first.columns["store_id"].cells("int64") == [2]
    assert first.columns["quantity"].cells("int64") == [3]
    cells = {name: first.columns[name].cells(dtype)[0] for name, dtype in dtypes.items()}
    assert cells["sales__open"] is True
    assert cells["shelf__sizes"] == [482, 483]
    assert cells["shelf__label"] == "n482"
    assert cells["sales__count"] == 482
    assert cells["worth__total"] == pytest.approx(144.6)
    status, age_s = first.states()
    assert status.tolist() == [[Status.FRESH]] * 3
    assert age_s.tolist() == [[300.0]] * 3
    assert [second.columns[name].cells(dtype) for name, dtype in dtypes.items()] == [[None]] * 9


async def test_rows_that_were_refused_are_not_served(tmp_path: Path, repo: FeatureStore) -> None:
    fill(repo)
    settings = skew_settings(tmp_path)
    policy = ViewPolicy(missing="refuse")
    async with serving(tmp_path, repo, SkewSampler(settings), policy=policy) as served:
        answer = await served.client.post(
            "/predict/batch",
            json={"instances": [row(1), row(404), row(2)]},
            headers={"accept": "application/x-ndjson"},
        )
        assert answer.is_success

    stores = [
        store
        for one in read(settings.journal)
        for store in one.rows.columns["store_id"].cells("int64")
    ]
    assert sorted(stores) == [1, 2]


async def test_a_journal_that_cannot_be_opened_is_told_and_nobody_is_kept_from_answers(
    tmp_path: Path, repo: FeatureStore
) -> None:
    fill(repo)
    settings = skew_settings(tmp_path)
    settings.journal.directory.write_text("a file where a folder should be")
    recorder = SkewSampler(settings)
    async with serving(tmp_path, repo, recorder) as served:
        await served.ask()
        (problem,) = recorder.problems()

    assert problem.startswith("skew: ")


def _batch(rows: int) -> AnsweredBatch:
    """Of fifty features in ten views."""
    columns = {f"v{view}__f{n}": np.ones(rows) for view in range(VIEWS) for n in range(5)}
    names = tuple(f"v{view}" for view in range(VIEWS))
    shape = VIEWS, rows
    states = ViewStates(names, np.zeros(shape, np.int8), np.ones(shape), at=time.time())
    found = Frame(PARCELS, rows, columns, states)
    return AnsweredBatch(BatchResult({}, found, {}, {}, StageTimes(0, 0, 0, 0)))


async def test_a_batch_that_there_is_no_room_for_costs_next_to_nothing(tmp_path: Path) -> None:
    recorder = SkewSampler(skew_settings(tmp_path, rows_per_minute=0.01))
    await recorder.start()
    batch = _batch(256)
    recordings: list[tuple[object, int, int]] = [(_recording(), 0, 256)]
    recorder.answered(batch, recordings)  # type: ignore[arg-type]  # what it looks at is there

    took = _least(lambda: recorder.answered(batch, recordings))  # type: ignore[arg-type]
    await recorder.close()

    assert took < 20e-6


def _recording() -> object:
    class Seen:
        class serving:
            model, manifest = PARCELS, parcels()

        class options:
            request_id = "one"

    return Seen


def _least(call: Callable[[], None]) -> float:
    took = []
    for _ in range(200):
        begin = perf_counter()
        call()
        took.append(perf_counter() - begin)
    return min(took)
