"""One poisoned row in a batch of 128: it is flagged, and the others are as they were."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from feast.protos.feast.types.Value_pb2 import Value

from tests.chaos.collapsed.poison import poisoned
from tests.chaos.figures import Figures
from tests.chaos.kinds import RAYS, at
from tests.chaos.site import Site
from tests.support.wait import wait_until

_ROWS = 128
_FLIGHT, _AIRCRAFT = "aircraft_last_flight", "aircraft"

Answer = dict[str, Any]
Flag = Callable[[Answer], bool]


def _defaulted(answer: Answer) -> bool:
    features = answer["features"]
    return bool(features["degraded"] and features["views"][_FLIGHT]["status"] == "defaulted")


def _unseen(name: str) -> Flag:
    return lambda answer: name in answer["features"].get("unseen", [])


@at(1, doors=RAYS)
@pytest.mark.parametrize(
    ("view", "values", "flag"),
    [
        pytest.param(_FLIGHT, {"last_dep_delay": Value(float_val=math.nan)}, _defaulted, id="nan"),
        pytest.param(
            _FLIGHT, {"last_dep_delay": Value(string_val="late")}, _defaulted, id="another-type"
        ),
        pytest.param(
            _AIRCRAFT,
            {"model": Value(string_val="NOBODY")},
            _unseen("aircraft__model"),
            id="unseen-category",
        ),
    ],
)
def test_a_poisoned_row_of_the_store_spoils_no_other(
    site: Site, figures: Figures, view: str, values: dict[str, Value], flag: Flag
) -> None:
    rows = site.rows(_ROWS)
    before = _ask(site, rows)
    victim = _alone(rows, before, view)
    assert not flag(before[victim])
    with poisoned(site.store, view, {"tailnum": rows[victim]["tailnum"]}, values):
        # The row cache may still hide it.
        after = wait_until(
            lambda: answers if flag((answers := _ask(site, rows))[victim]) else None, "the flag"
        )
    _judge(before, after, victim, flag, figures)
    wait_until(lambda: _ask(site, rows) == before, "the sound row again")


@at(1, doors=RAYS)
def test_a_category_that_training_has_not_seen_is_flagged(site: Site, figures: Figures) -> None:
    rows = site.rows(_ROWS)
    before = _ask(site, rows)
    victim = _ROWS // 2
    rows[victim]["carrier"] = "ZZ"
    flag = _unseen("carrier")
    _judge(before, _ask(site, rows), victim, flag, figures)


def _judge(
    before: list[Answer], after: list[Answer], victim: int, flag: Flag, figures: Figures
) -> None:
    same = sum(one == other for one, other in zip(before, after, strict=True))
    # Some flights have an aircraft of a model that was too rare to train on.
    flagged = [place for place in range(_ROWS) if flag(after[place]) and not flag(before[place])]
    figures.add("answers as before", same, f"{_ROWS - 1}")
    figures.add("newly flagged", len(flagged), "1")
    others = [place for place in range(_ROWS) if place != victim]
    assert [after[place] for place in others] == [before[place] for place in others]
    assert flagged == [victim]
    assert 0 < after[victim]["outputs"]["late_probability"] < 1


def _ask(site: Site, rows: list[dict[str, Any]]) -> list[Answer]:
    """What each row is answered, apart from the request's id."""
    answer = httpx.post(f"{site.url}/predict/batch", json={"instances": rows}, timeout=30)
    predictions: list[Answer] = answer.json()["predictions"]
    assert len(predictions) == _ROWS
    return [
        {"outputs": one["outputs"], "features": one["features"]}
        if "outputs" in one
        else pytest.fail(f"a row failed: {one}")
        for one in predictions
    ]


def _alone(rows: list[dict[str, Any]], answers: list[Answer], view: str) -> int:
    """The first row whose aircraft no other has, and which the store knows."""
    count = Counter(row["tailnum"] for row in rows)
    for place, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        if count[row["tailnum"]] == 1 and answer["features"]["views"][view]["status"] == "fresh":
            return place
    pytest.fail("no row is alone")
