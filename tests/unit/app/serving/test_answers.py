import json
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import UNSET

from app.serving.answers import AnsweredBatch, Answers
from app.serving.chain import BatchResult, StageTimes
from app.serving.errors import ErrorCode, FeaturesRefused, RowFailed
from app.serving.info import FeaturesInfo
from deployments.columns import column_of
from deployments.dtypes import DType
from deployments.frames import Failure, Failures, Frame, Outputs, Status, Unseen, ViewStates
from tests.support.manifests import PARCELS

FRESH, STALE, MISSING, DEFAULTED = Status
NONE = float("nan")


def seen(timeless: tuple[str, ...] = (), **views: tuple[Status, float]) -> FeaturesInfo:
    """What is told of one row whose views have these states."""
    states = ViewStates(
        tuple(views),
        np.array([[status] for status, _ in views.values()], np.int8),
        np.array([[age_s] for _, age_s in views.values()]),
    )
    return batch({}, Frame(PARCELS, 1, {}, states), timeless=timeless).row(0).features


def views_of(info: FeaturesInfo) -> dict[str, dict[str, Any]]:
    views: dict[str, dict[str, Any]] = json.loads(bytes(info.views))
    return views


def batch(
    outputs: Outputs,
    found: Frame | None = None,
    unseen: Unseen | None = None,
    timeless: tuple[str, ...] = (),
    failed: Failures | None = None,
) -> AnsweredBatch:
    found = found or Frame(PARCELS, len(next(iter(outputs.values()))), {})
    return AnsweredBatch(
        BatchResult(outputs, found, unseen or {}, failed or {}, StageTimes(0, 0, 0, 0)), timeless
    )


def test_each_row_has_its_own_outputs() -> None:
    answers = batch({"late": np.array([0.25, 0.5]), "cost": np.array([[1, 2], [3, 4]])})

    assert answers.row(0).outputs == {"late": 0.25, "cost": [1, 2]}
    assert answers.row(1).outputs == {"late": 0.5, "cost": [3, 4]}


def test_an_output_that_is_no_number_spoils_no_other() -> None:
    answers = batch({"late": np.array([np.nan, 0.5])})

    assert np.isnan(answers.row(0).outputs["late"])
    assert answers.row(1).outputs == {"late": 0.5}


@pytest.mark.parametrize(
    ("load", "fleet", "expected"),
    [
        ((FRESH, 60.0), (FRESH, 5.0), ("fresh", False, 60.0)),
        ((FRESH, 60.0), (STALE, 900.0), ("stale", True, 900.0)),
        ((FRESH, 900.0), (STALE, 60.0), ("stale", True, 900.0)),
        ((MISSING, NONE), (FRESH, 5.0), ("missing", False, 5.0)),
        ((MISSING, NONE), (STALE, 900.0), ("missing", True, 900.0)),
        ((MISSING, NONE), (MISSING, NONE), ("missing", False, None)),
        ((DEFAULTED, 8000.0), (MISSING, NONE), ("defaulted", True, 8000.0)),
        ((FRESH, 0.0), (FRESH, 0.0), ("fresh", False, 0.0)),
    ],
)
def test_an_answer_is_as_good_as_its_worst_view(
    load: tuple[Status, float],
    fleet: tuple[Status, float],
    expected: tuple[str, bool, float | None],
) -> None:
    info = seen(load=load, fleet=fleet)

    assert (info.status, info.degraded, info.oldest_age_s) == expected


def test_each_view_tells_its_own_status_and_age() -> None:
    info = seen(load=(STALE, 812.43219), fleet=(MISSING, NONE))

    assert views_of(info) == {
        "load": {"status": "stale", "age_s": 812.432},
        "fleet": {"status": "missing", "age_s": None},
    }


def test_a_view_that_never_expires_does_not_count_for_the_oldest_age() -> None:
    info = seen(("fleet",), load=(FRESH, 60.0), fleet=(FRESH, 9e6))

    assert info.oldest_age_s == 60.0
    assert views_of(info)["fleet"]["age_s"] == 9e6


def test_without_views_there_is_nothing_to_be_stale() -> None:
    assert seen() == FeaturesInfo("fresh", False, None, msgspec.Raw(b"{}"), UNSET, UNSET)


def test_values_have_the_types_of_their_columns() -> None:
    columns = {
        "name": column_of("string", ["a", None]),
        "count": column_of("int64", [2**53, None]),
        "share": column_of("float64", [0.5, float("inf")]),
        "open": column_of("bool", [True, None]),
        "seen_at": column_of("timestamp", [1714551300.5, None]),
        "not_asked_for": column_of("float64", [1.0, 1.0]),
    }
    dtypes: dict[str, DType] = {
        "name": "string",
        "count": "int64",
        "share": "float64",
        "open": "bool",
        "seen_at": "timestamp",
    }
    answers = batch({}, Frame(PARCELS, 2, columns))

    first = answers.row(0, dtypes).features.values
    second = json.loads(msgspec.json.encode(answers.row(1, dtypes).features.values))

    assert first == {
        "name": "a",
        "count": 2**53,
        "share": 0.5,
        "open": True,
        "seen_at": 1714551300.5,
    }
    assert isinstance(first, dict)
    assert [type(value) for value in first.values()][:4] == [str, int, float, bool]
    assert second == dict.fromkeys(dtypes)


@pytest.mark.parametrize("age_s", [0.0, 0.001, 0.0004, 59.9996, 3600.25, 1.4e9, 9e9])
def test_ages_are_told_to_the_millisecond(age_s: float) -> None:
    (told,) = views_of(seen(load=(FRESH, age_s))).values()

    assert told["age_s"] == pytest.approx(age_s, abs=0.0005000001)


def test_rows_with_the_same_state_are_told_apart_from_others() -> None:
    states = ViewStates(
        ("load", 'a "quoted" view'),
        np.array([[FRESH, MISSING, FRESH], [STALE, FRESH, STALE]], np.int8),
        np.array([[1.0, NONE, 1.0], [7.5, 1.0, 7.5]]),
    )
    answers = batch({}, Frame(PARCELS, 3, {}, states))
    first, second, third = (views_of(answers.row(place).features) for place in range(3))

    assert first == third
    assert first == {
        "load": {"status": "fresh", "age_s": 1.0},
        'a "quoted" view': {"status": "stale", "age_s": 7.5},
    }
    assert second == {
        "load": {"status": "missing", "age_s": None},
        'a "quoted" view': {"status": "fresh", "age_s": 1.0},
    }


def test_categories_that_training_has_not_seen_are_named() -> None:
    answers = batch({"late": np.zeros(3)}, unseen={"dest": np.array([1]), "carrier": np.array([1])})

    unseen = [answers.row(place).features.unseen for place in range(3)]
    assert unseen == [UNSET, ["dest", "carrier"], UNSET]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (STALE, ErrorCode.STALE_FEATURES),
        (MISSING, ErrorCode.MISSING_FEATURES),
        (DEFAULTED, ErrorCode.FEATURES_UNAVAILABLE),
    ],
)
def test_a_row_that_a_policy_refuses_has_an_error_instead(status: Status, code: ErrorCode) -> None:
    states = ViewStates(
        ("load", "fleet"),
        np.array([[FRESH, FRESH], [FRESH, status]], np.int8),
        np.array([[1.0, 1.0], [1.0, 7200.0]]),
        refused=np.array([-1, 1], np.int8),
    )
    answers = batch({"late": np.array([0.25, 0.5])}, Frame(PARCELS, 2, {}, states))

    refused = answers.answer(1)

    assert isinstance(refused, FeaturesRefused)
    assert refused.code is code
    assert "'fleet'" in refused.message
    assert answers.answer(0) == answers.row(0)


def test_a_row_that_a_stage_failed_for_has_an_error_instead() -> None:
    answers = batch({"late": np.array([0.25, 0.5])}, failed={1: Failure("the program failed")})

    failed = answers.answer(1)

    assert isinstance(failed, RowFailed)
    assert (failed.code, failed.message) == (ErrorCode.ROW_FAILED, "the program failed")
    assert answers.answer(0) == answers.row(0)


def test_a_refusal_by_a_policy_comes_before_what_failed_for_it() -> None:
    assert isinstance(
        fleet((MISSING, True), failed={0: Failure("no price")}).answer(0), FeaturesRefused
    )


def fleet(*rows: tuple[Status, bool], failed: Failures | None = None) -> AnsweredBatch:
    """Rows whose one view has these statuses; whether a policy refuses each."""
    states = ViewStates(
        ("fleet",),
        np.array([[status for status, _ in rows]], np.int8),
        np.arange(len(rows), dtype=np.float64)[None, :],
        refused=np.array([0 if refused else -1 for _, refused in rows], np.int8),
    )
    late = np.arange(len(rows), dtype=np.float32)
    outputs = {"late": late, "two": np.stack([late, -late], 1)}
    return batch(outputs, Frame(PARCELS, len(rows), {}, states), failed=failed)


def test_rows_of_several_batches_are_read_by_column() -> None:
    first = fleet((DEFAULTED, True), (FRESH, False), (STALE, False))
    second = fleet((MISSING, False), (DEFAULTED, False), (DEFAULTED, True))
    answers = Answers()
    answers.add(first, 1, 2)
    answers.add(second, 0, 1)

    assert answers.output("late").tolist() == [1.0, 2.0, 0.0]
    assert answers.output("two").tolist() == [[1.0, -1.0], [2.0, -2.0], [0.0, 0.0]]
    assert (answers.worst, answers.degraded) == (MISSING, True)
    assert answers.refused() is None
    rows = [first.row(1), first.row(2), second.row(0)]
    assert answers.features() == [row.features for row in rows]


def test_the_first_row_that_a_policy_refuses_is_named() -> None:
    answers = Answers()
    answers.add(fleet((MISSING, True), (FRESH, False), (FRESH, False)), 1, 2)
    answers.add(fleet((FRESH, False), (STALE, True), (MISSING, True)), 0, 3)

    refused = answers.refused()

    assert refused is not None
    assert (refused.code, refused.row) == (ErrorCode.STALE_FEATURES, 3)


BEFORE, FIRST, LAST = map(Failure, ("before", "first", "last"))


@pytest.mark.parametrize(
    ("failed", "named"),
    [({0: BEFORE}, None), ({2: LAST}, 1), ({2: LAST, 1: FIRST}, 0)],
)
def test_the_first_row_that_failed_is_named(failed: Failures, named: int | None) -> None:
    answers = Answers()
    answers.add(fleet(*[(FRESH, False)] * 3, failed=failed), 1, 2)

    refused = answers.refused()

    assert (refused and refused.row) == named
    if named is not None:
        assert isinstance(refused, RowFailed)
        assert refused.message == failed[named + 1].message


@pytest.mark.parametrize(("failed", "code"), [(0, "row_failed"), (2, "stale_features")])
def test_of_failed_and_refused_rows_the_first_is_named(failed: int, code: str) -> None:
    answers = Answers()
    rows = (FRESH, False), (STALE, True), (FRESH, False)
    answers.add(fleet(*rows, failed={failed: Failure("the program failed")}), 0, 3)

    refused = answers.refused()

    assert refused is not None
    assert refused.code.code == code
