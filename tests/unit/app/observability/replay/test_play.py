from datetime import UTC, datetime, timedelta

import pytest

from app.observability.replay.play import played
from app.observability.replay.source import Ask, Moment, Outcome, SourceError

START = datetime(2024, 3, 1, tzinfo=UTC)


def moment(minute: int, asks: str = "", outcomes: str = "") -> Moment:
    return Moment(
        START + timedelta(minutes=minute),
        asks=[Ask(one, {}) for one in asks],
        outcomes=[Outcome(one, True) for one in outcomes],
    )


# What is asked for has its outcome later; of e there is none.
DAY = [moment(1, "ab"), moment(2, "c", "a"), moment(3), moment(4, "de", "bc"), moment(9, "", "d")]


def told(moments: list[Moment]) -> list[tuple[int, str, str]]:
    return [
        (
            (one.at - START).seconds // 60,
            "".join(ask.id for ask in one.asks),
            "".join(outcome.id for outcome in one.outcomes),
        )
        for one in moments
    ]


def test_a_day_is_played_as_it_is() -> None:
    assert told([*played(DAY)]) == told(DAY)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (1, [(1, "a", ""), (2, "", "a")]),
        (2, [(1, "ab", ""), (2, "", "a"), (3, "", ""), (4, "", "b")]),
        (4, [(1, "ab", ""), (2, "c", "a"), (3, "", ""), (4, "d", "bc"), (9, "", "d")]),
        (9, told(DAY)),
    ],
)
def test_a_limit_ends_with_the_last_outcome_of_what_was_asked_for(
    limit: int, expected: list[tuple[int, str, str]]
) -> None:
    assert told([*played(DAY, limit=limit)]) == expected


def test_what_has_no_outcome_is_not_waited_for() -> None:
    assert told([*played([moment(1, "e"), moment(2), moment(3)], limit=1)]) == [(1, "e", "")]


def test_it_stops_where_it_is_told_to() -> None:
    assert told([*played(DAY, until=START + timedelta(minutes=3))]) == told(DAY[:3])


@pytest.mark.parametrize("second", [1, 0])
def test_moments_out_of_order_are_refused(second: int) -> None:
    with pytest.raises(SourceError, match="comes after"):
        list(played([moment(1), moment(second)]))
