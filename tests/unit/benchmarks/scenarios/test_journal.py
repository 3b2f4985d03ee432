"""The journal's scenario, for a moment."""

import os
from pathlib import Path

import pytest

from benchmarks.scenarios.journal import WAYS, Way, measured, one_core, records


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_batches_are_as_large_as_requests_are_many(way: Way, tmp_path: Path) -> None:
    figures = measured(way, 8, 0.05, tmp_path)

    assert figures.rate > 0
    assert 4 < figures.batch <= 9
    assert 0 < figures.size < len(records(1)[0])
    assert not list(tmp_path.iterdir())


def test_it_has_one_core_and_gives_the_others_back() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
