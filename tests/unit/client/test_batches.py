"""Rows cut into requests and put together again, without I/O."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from windsock.answers import RowError
from windsock.batches import Batch, Part
from windsock.errors import DeadlineExceeded, InvalidRequest, Overloaded

Answers = list[Any]


def batch(rows: Iterable[Any], size: int = 3, timeout_s: float | None = None) -> Batch[Any]:
    return Batch(rows, size, lambda said: said["outputs"], lambda error: error.code, timeout_s)


def numbered(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(count)]


def echo(one: Batch[Any], part: Part) -> None:
    """Answer a part as a server that gives each row back."""
    rows = json.loads(part.body())["instances"]
    one.read(part, {"predictions": [{"outputs": row["n"]} for row in rows]})


def too_large(code: str = "batch_too_large") -> InvalidRequest:
    return InvalidRequest("too large", code=code)


def served(one: Batch[Any], most: int = 1000) -> tuple[Answers, list[int]]:
    """By a server that takes so many rows at once; the answers, and the sizes it was sent."""
    sizes = []
    while part := one.take():
        sizes.append(len(part.rows))
        if len(part.rows) > most:
            one.failed(part, too_large())
        else:
            echo(one, part)
    return one.answers(), sizes


@pytest.mark.parametrize(
    ("rows", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (9, [3, 3, 3])]
)
def test_rows_are_sent_in_parts(rows: int, sizes: list[int]) -> None:
    assert served(batch(numbered(rows))) == (list(range(rows)), sizes)


def test_parts_may_be_answered_in_any_order() -> None:
    one = batch(numbered(8))
    parts = [one.take() for _ in range(3)]
    for part in reversed(parts):
        assert part is not None
        echo(one, part)

    assert one.answers() == list(range(8))


def test_rows_that_cannot_be_sent_have_their_error_in_their_place() -> None:
    bad = {"n": float("nan")}

    answers, sizes = served(batch([bad, {"n": 1}, bad, {"n": 3}, bad, bad, {"n": 6}, bad]))

    wrong = "invalid_field"
    assert answers == [wrong, 1, wrong, 3, wrong, wrong, 6, wrong]
    assert sizes == [3]
    assert served(batch([bad] * 10)) == ([wrong] * 10, [])


def test_a_server_that_takes_fewer_rows_is_sent_fewer_from_then_on() -> None:
    answers, sizes = served(batch(numbered(40), size=16), most=5)

    assert answers == list(range(40))
    assert sizes[:3] == [16, 8, 4]
    assert sizes.count(16) == 1
    assert sizes[-1] <= 5


@pytest.mark.parametrize("code", ["batch_too_large", "body_too_large"])
def test_a_row_that_is_too_large_by_itself_has_that_for_an_error(code: str) -> None:
    one = batch(numbered(4), size=4)
    while part := one.take():
        if 2 in part.places:
            one.failed(part, too_large(code))
        else:
            echo(one, part)

    assert one.answers() == [0, 1, code, 3]


def test_a_request_that_fails_is_an_error_of_its_rows_once_others_were_answered() -> None:
    one = batch(numbered(7))
    first, second, third = one.take(), one.take(), one.take()
    assert first
    assert second
    assert third
    echo(one, first)
    one.failed(second, Overloaded("busy"))
    echo(one, third)

    assert one.answers() == [0, 1, 2, "overloaded", "overloaded", "overloaded", 6]


def test_a_request_that_fails_before_any_was_answered_is_raised() -> None:
    one = batch(numbered(7))
    part = one.take()
    assert part

    with pytest.raises(Overloaded):
        one.failed(part, Overloaded("busy"))


@pytest.mark.parametrize("said", [{}, {"predictions": [{"outputs": 1}]}, [], None])
def test_an_answer_of_another_form_is_none(said: Any) -> None:
    one = batch(numbered(2))
    part = one.take()
    assert part

    with pytest.raises((KeyError, TypeError, ValueError)):
        one.read(part, said)


def test_the_time_of_all_requests_ends_together() -> None:
    assert batch(numbered(1)).left_s() is None
    left_s = batch(numbered(1), timeout_s=10).left_s()
    assert left_s is not None
    assert 9 < left_s <= 10
    with pytest.raises(DeadlineExceeded, match="before this row's turn"):
        batch(numbered(1), timeout_s=-1).left_s()


def test_rows_are_read_as_they_are_sent() -> None:
    read = 0

    def rows() -> Iterable[dict[str, int]]:
        nonlocal read
        for row in numbered(100):
            read += 1
            yield row

    one = batch(rows(), size=10)
    one.take()

    assert read == 10


def test_a_row_error_has_what_the_exception_has() -> None:
    never = RowError("", "")
    one: Batch[RowError] = Batch([{"n": float("inf")}], 3, lambda _: never, lambda e: e)
    assert one.take() is None
    (error,) = one.answers()
    assert error.field == "n"
