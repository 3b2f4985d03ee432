"""The rows of a stream that are under way, decided without I/O."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.client.clock import Clock
from windsock import Answer, Prediction, RowError, Unavailable
from windsock.encoding import itself
from windsock.window import Window

Row = dict[str, Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(clock: Clock) -> Window[Row]:
    return Window(3, 10.0, itself, clock)


def row(n: int = 0) -> Row:
    return {"n": n}


def sent(message: str | None) -> dict[str, Any]:
    assert message is not None
    found: dict[str, Any] = json.loads(message)
    return found


def good(message: str | None) -> str:
    """The server's answer to a message: its row, given back."""
    said = sent(message)
    features = {"status": "fresh", "degraded": False, "oldest_age_s": None, "views": {}}
    model = {"name": "parcels", "version": "1"}
    outputs = {"n": said["instance"]["n"]}
    return json.dumps({"id": said["id"], "outputs": outputs, "model": model, "features": features})


def bad(message: str | None, code: str, **more: Any) -> str:
    error = {"code": code, "message": "why", "field": None, "row": None, "request_id": "r1"}
    return json.dumps({"id": sent(message)["id"], "error": error, **more})


def outputs(found: list[tuple[Row, Answer]]) -> list[tuple[Row, Any]]:
    return [
        (row, answer.outputs if isinstance(answer, Prediction) else answer.code)
        for row, answer in found
    ]


def test_each_row_has_an_id_and_its_time(window: Window[Row], clock: Clock) -> None:
    first = sent(window.take(row(5)))
    clock.pass_(4)
    second = sent(window.take(row(6)))

    assert first == {"id": 0, "timeout_ms": 10_000, "instance": {"n": 5}}
    assert second == {"id": 1, "timeout_ms": 10_000, "instance": {"n": 6}}


def test_an_answer_comes_with_its_row_and_once(window: Window[Row]) -> None:
    rows = [row(n) for n in range(3)]
    messages = [window.take(one) for one in rows]

    ((found, answer),) = window.heard(good(messages[1]))
    assert found is rows[1]
    assert isinstance(answer, Prediction)
    assert answer.outputs == {"n": 1}
    assert answer.request_id is None
    assert window.heard(good(messages[1])) == []
    assert outputs(window.heard(bad(messages[0], "missing_field"))) == [(row(0), "missing_field")]


def test_there_is_room_for_its_size(window: Window[Row]) -> None:
    messages = []
    while window.room:
        messages.append(window.take(row()))
    assert len(messages) == 3

    window.heard(good(messages[0]))
    assert window.room


def test_a_row_that_cannot_be_sent_takes_no_room(window: Window[Row]) -> None:
    assert window.take({"n": float("nan")}) is None

    assert not window.idle
    ((_, answer),) = window.known()
    assert isinstance(answer, RowError)
    assert (answer.code, answer.field) == ("invalid_field", "n")
    assert window.idle


def test_a_new_connection_is_sent_what_was_not_answered(window: Window[Row], clock: Clock) -> None:
    messages = [window.take(row(n)) for n in range(3)]
    window.heard(good(messages[1]))
    clock.pass_(4)

    again = [sent(one) for one in window.unanswered(elsewhere=False)]

    assert [(one["id"], one["timeout_ms"]) for one in again] == [(0, 6000), (2, 6000)]


@pytest.mark.parametrize("code", ["overloaded", "unavailable", "rate_limited"])
def test_a_refused_row_is_sent_again_when_it_may(
    window: Window[Row], clock: Clock, code: str
) -> None:
    message = window.take(row())

    assert window.heard(bad(message, code, retry_after_s=2)) == []

    assert not window.room
    assert window.refused == (code != "rate_limited")
    assert window.unanswered(elsewhere=False) == []
    clock.pass_(1.5)
    assert window.due() == []
    assert window.wait_s == 0.5
    clock.pass_(0.5)
    assert [sent(one)["timeout_ms"] for one in window.due()] == [8000]
    assert window.room
    assert window.due() == []
    assert len(window.heard(good(message))) == 1
    assert window.idle


def test_a_refused_row_has_that_error_where_its_time_ends_first(
    window: Window[Row], clock: Clock
) -> None:
    message = window.take(row())
    clock.pass_(9)

    assert outputs(window.heard(bad(message, "overloaded", retry_after_s=1))) == [
        (row(), "overloaded")
    ]
    assert window.idle


def test_another_endpoint_need_not_wait_for_what_one_said(window: Window[Row]) -> None:
    message = window.take(row())
    window.heard(bad(message, "overloaded", retry_after_s=2))

    assert len(window.unanswered(elsewhere=True)) == 1
    assert window.room


def test_a_row_without_an_answer_has_its_error_at_its_deadline(
    window: Window[Row], clock: Clock
) -> None:
    first = window.take(row(1))
    clock.pass_(6)
    second = window.take(row(2))
    clock.pass_(4)

    assert outputs(window.overdue()) == [(row(1), "timed_out")]
    assert window.overdue() == []
    assert window.heard(good(first)) == []
    assert outputs(window.heard(good(second))) == [(row(2), {"n": 2})]


def test_the_time_that_its_reader_takes_is_nobodys(window: Window[Row], clock: Clock) -> None:
    message = window.take(row())
    clock.pass_(60)
    window.held(60)

    assert not window.silent
    assert window.overdue() == []
    assert len(window.heard(good(message))) == 1


def test_a_server_that_owes_answers_may_be_silent_for_half_of_a_rows_time(
    window: Window[Row], clock: Clock
) -> None:
    clock.pass_(60)
    assert not window.silent
    messages = [window.take(row(n)) for n in range(2)]
    clock.pass_(5)
    assert not window.silent
    window.heard(good(messages[0]))
    clock.pass_(5.1)
    assert window.silent
    window.unanswered(elsewhere=False)
    assert not window.silent


def test_a_server_that_has_refused_all_owes_nothing(window: Window[Row], clock: Clock) -> None:
    window.heard(bad(window.take(row()), "overloaded", retry_after_s=9))
    clock.pass_(8)

    assert not window.silent


def test_of_what_is_too_large_the_largest_is_to_blame(window: Window[Row]) -> None:
    rows = [row(1), {"n": "x" * 100}, row(2)]
    for one in rows:
        window.take(one)

    assert outputs(window.too_large()) == [(rows[1], "body_too_large")]
    assert len(window.unanswered(elsewhere=False)) == 2


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "7", "{}", '{"id": 0}', '{"id": [], "error": 1}']
)
def test_a_message_of_another_protocol_ends_it(window: Window[Row], message: str) -> None:
    window.take(row())

    with pytest.raises(Unavailable, match="Windsock"):
        window.heard(message)


def test_an_error_without_an_id_belongs_to_no_row(window: Window[Row]) -> None:
    message = window.take(row())
    said = json.loads(bad(message, "malformed_json")) | {"id": None}

    assert window.heard(json.dumps(said)) == []


class Server(RuleBasedStateMachine):
    """A server that answers, refuses, forgets and is lost in any order: each row has one answer."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.window: Window[Row] = Window(4, 10.0, itself, self.clock)
        self.taken = 0
        self.answered: list[int] = []
        self.connected: list[str] = []

    def _found(self, found: list[tuple[Row, Answer]]) -> None:
        for one, answer in found:
            assert not isinstance(answer, Prediction) or answer.outputs == one
            self.answered.append(one["n"])

    @precondition(lambda self: self.window.room)
    @rule()
    def take(self) -> None:
        message = self.window.take(row(self.taken))
        self.taken += 1
        assert message is not None
        self.connected.append(message)

    @precondition(lambda self: self.connected)
    @rule(data=st.data(), what=st.sampled_from(["good", "invalid_field", "overloaded", "twice"]))
    def answer(self, data: st.DataObject, what: str) -> None:
        place = data.draw(st.integers(0, len(self.connected) - 1))
        message = self.connected[place] if what == "twice" else self.connected.pop(place)
        told = bad(message, what) if what in ("invalid_field", "overloaded") else good(message)
        self._found(self.window.heard(told))

    @rule(elsewhere=st.booleans())
    def reconnect(self, elsewhere: bool) -> None:
        self.connected = self.window.unanswered(elsewhere=elsewhere)

    @rule(seconds=st.floats(0, 4))
    def wait(self, seconds: float) -> None:
        self.clock.pass_(seconds)
        self._found(self.window.overdue())
        self.connected += self.window.due()

    @invariant()
    def none_twice_and_none_lost(self) -> None:
        assert len(set(self.answered)) == len(self.answered)
        assert self.taken - len(self.answered) <= 4

    def teardown(self) -> None:
        self.clock.pass_(11)
        self._found(self.window.overdue())
        assert sorted(self.answered) == list(range(self.taken))
        assert self.window.idle


TestServer = Server.TestCase
TestServer.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.text(max_size=20))
def test_no_message_breaks_it(message: str) -> None:
    window: Window[Row] = Window(3, 10.0, itself, Clock())
    window.take(row())
    with suppress(Unavailable):
        assert window.heard(message) == []
