"""How many rows, and how many that differ, make an alarm."""

import pytest

from app.observability.skew.report import Example, FeatureSkew, ViewSkew
from app.observability.skew.window import Windows

_EXAMPLE = Example("r", {"id": 1}, 0.0, 1, 2, None, None)
_S = 10**9


def view(rows: int, differ: int, version: str = "1", example: Example | None = None) -> ViewSkew:
    feature = FeatureSkew("f", rows, differ, "value" if example else None, example)
    return ViewSkew("m", version, "v", rows, tolerated=0.01, features=[feature])


@pytest.mark.parametrize(
    ("rows", "differ", "skewed"),
    [
        (20, 0, False), (20, 1, False), (20, 3, True), (20, 20, True), (500, 5, False),
        (500, 8, False), (500, 15, True), (0, 0, False),
    ],
)  # fmt: skip
def test_what_differs_by_chance_is_no_skew(rows: int, differ: int, skewed: bool) -> None:
    assert view(rows, differ).skewed is skewed


def test_a_window_is_judged_once_it_has_rows_enough() -> None:
    windows = Windows(20, 3600 * _S)
    assert windows.take([view(3, 3)], 0, 60 * _S) == {}
    assert [one.rows for one in windows.begun] == [3]
    (full,) = windows.take([view(17, 1, example=_EXAMPLE)], 60 * _S, 120 * _S).values()
    assert (full.rows, full.features[0].rows, full.features[0].differ) == (20, 20, 4)
    assert full.features[0].example is _EXAMPLE
    assert [*windows.judged] == [full]
    assert [*windows.begun] == []
    (next_,) = windows.take([view(20, 0)], 120 * _S, 180 * _S).values()
    assert not next_.skewed  # nothing is counted twice


def test_versions_have_windows_of_their_own() -> None:
    windows = Windows(20, 3600 * _S)
    assert windows.take([view(19, 0), view(19, 19, "2")], 0, 60 * _S) == {}
    full = windows.take([view(1, 0)], 60 * _S, 120 * _S)
    assert [key[1] for key in full] == ["1"]
    assert [one.version for one in windows.begun] == ["2"]


def test_what_is_old_is_forgotten() -> None:
    windows = Windows(20, 600 * _S)
    windows.take([view(20, 20)], 0, 60 * _S)
    windows.take([view(19, 19, "2")], 60 * _S, 120 * _S)
    windows.take([], 120 * _S, 660 * _S)
    assert [one.version for one in windows.judged] == ["1"]
    windows.take([view(1, 1, "2")], 660 * _S, 720 * _S)
    assert [*windows.judged] == []
    assert [one.rows for one in windows.begun] == [1]


def test_a_feature_that_one_window_lacks_is_not_lost() -> None:
    older, newer = view(10, 2), view(10, 1)
    older.features.append(FeatureSkew("g", 10, 10))
    merged = {one.feature: one.differ for one in newer.after(older).features}
    assert merged == {"f": 3, "g": 10}
