import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.observability.cost.prometheus import Series, Unreadable
from app.observability.cost.recording import Recording
from tests.support.costed import Day

DAY = Day(steps=5)


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    series = DAY.series(np.ones(5))
    series["cpu"][0].values[2] = np.nan
    Recording(DAY.service, DAY.span, series).save(tmp_path / "day.json")

    found = Recording.load(tmp_path / "day.json")

    assert (found.service, found.span) == (DAY.service, DAY.span)
    for name, several in series.items():
        for one in several:
            np.testing.assert_array_equal(
                found.whole(name, gaps=True, **dict(one.labels)), one.values
            )


def test_series_add_up_and_gaps_are_where_none_is_known() -> None:
    nan = np.nan
    series = {
        "cpu": [
            Series({"stage": "a"}, np.array([1, nan, 3, nan, 5.0])),
            Series({"stage": "b"}, np.array([1, 2, nan, nan, 5.0])),
        ]
    }
    found = Recording(DAY.service, DAY.span, series)

    assert found.values("cpu").tolist() == [2, 2, 3, 0, 10]
    assert np.isnan(found.whole("cpu", gaps=True)).tolist() == [False, False, False, True, False]
    assert found.values("cpu", stage="b").tolist() == [1, 2, 0, 0, 5]
    assert np.isnan(found.whole("rows", gaps=True)).all()
    assert found.labels("cpu", "stage", "none") == [("a", ""), ("b", "")]


@pytest.mark.parametrize("name", ["price", "replicas", "reserved", "cost"])
def test_one_without_costs_says_what_is_missing(name: str) -> None:
    series = DAY.series(np.ones(5))
    series[name] = [Series({}, np.full(5, np.nan))]

    with pytest.raises(Unreadable, match=f"there is no {name} in what was recorded from 2026-"):
        Recording(DAY.service, DAY.span, series).check()


def broken(**changed: Any) -> str:
    series = [{"labels": {}, "values": [1.0, None]}]
    whole = {
        **{"format": 1, "begin": 0, "step_s": 60, "steps": 2, "series": {"cpu": series}},
        "service": DAY.service.model_dump(),
    }
    return json.dumps(whole | changed)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no recording"),
        ("[]", "is no recording"),
        (broken(format=2), "format"),
        (broken(steps=3), "cpu has 2 values and not 3"),
        (broken(steps=0), "steps"),
        (broken(step_s=0), "step_s"),
        (broken(more=1), "more"),
        (broken(series={"cpu": [{"labels": {}, "values": ["x", 1]}]}), "series.cpu"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "day.json").write_text(text)

    with pytest.raises(Unreadable, match=why):
        Recording.load(tmp_path / "day.json")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"day\.json: No such file"):
        Recording.load(tmp_path / "day.json")
