from collections.abc import Callable, Collection

import numpy as np
import pytest

from deployments.frames import Failure, Failures
from deployments.metrics.catalogue.stages import FAILED_ROWS
from deployments.metrics.series import COUNTS
from deployments.stage.isolation import Columns, Isolation

BLANK = {"twice": np.array([np.nan])}


class Doubling:
    """Answers twice the place of each row, and fails where one of ``bad`` is among them."""

    def __init__(self, bad: Collection[int]) -> None:
        self.bad = bad
        self.runs: list[range] = []

    def __call__(self, rows: slice) -> Columns:
        self.runs.append(range(rows.start, rows.stop))
        if any(row in self.bad for row in self.runs[-1]):
            raise KeyError("/srv/secret")
        return {"twice": 2.0 * np.arange(rows.start, rows.stop)}


def isolated(
    run: Callable[[slice], Columns], rows: int, by: Isolation | None = None
) -> tuple[list[float], Failures]:
    by = by or Isolation("model")
    found, failed = by.rows(run, rows, BLANK, KeyError("/srv/secret"), what="doubling")
    return found["twice"].tolist(), failed


@pytest.mark.parametrize("bad", [[0], [99], [3, 4], [0, 17, 50, 99], range(60), range(100)])
def test_each_row_that_fails_alone_fails_alone(bad: Collection[int]) -> None:
    found, failed = isolated(Doubling(bad), 100)

    assert list(failed) == list(bad)
    for row, value in enumerate(found):
        assert np.isnan(value) if row in bad else value == 2 * row


@pytest.mark.parametrize(("bad", "most"), [([7], 24), (range(256), 320), (range(0, 256, 2), 320)])
def test_bad_rows_cost_little_more_than_single_runs(bad: Collection[int], most: int) -> None:
    doubling = Doubling(bad)

    isolated(doubling, 256)

    assert len(doubling.runs) <= most


def test_rows_that_only_fail_together_are_answered(log: pytest.LogCaptureFixture) -> None:
    found, failed = isolated(Doubling([]), 5)

    assert (found, failed) == ([0, 2, 4, 6, 8], {})
    assert "doubling failed for a batch, and for none of its rows alone" in log.text


def test_a_client_is_told_the_kind_of_error_and_the_log_all_of_it_once(
    log: pytest.LogCaptureFixture,
) -> None:
    by = Isolation("model")
    for _ in range(3):
        _, failed = isolated(Doubling([0, 1]), 4, by)

    assert set(failed.values()) == {Failure("doubling failed for this row: KeyError")}
    (record,) = log.records
    assert record.getMessage() == "doubling failed for a row"
    assert "/srv/secret" in log.text


def test_failed_rows_are_counted_by_stage_and_view() -> None:
    failed = COUNTS.counter(FAILED_ROWS)["features", "counted twice"]
    for bad in ([1, 2], []):
        Isolation("features").rows(
            Doubling(bad), 4, BLANK, KeyError(), what="doubling", view="counted twice"
        )
    assert failed.value == 2
