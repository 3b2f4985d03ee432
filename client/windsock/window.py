"""The rows of a stream that have been sent and not answered. No I/O."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from windsock.answers import Answer, RowError, answer_of
from windsock.encoding import Fields, encode
from windsock.errors import InvalidRequest, Unavailable

T = TypeVar("T")

_WAKE_S = 1.0
_SILENCE_S = 1.0
_RETRY_AFTER_S = 0.5
# Codes of rows that may have an answer a moment later: where the service is busy, and where who
# asks has had all that it may have for now.
_BUSY = ("overloaded", "unavailable")
_LATER = (*_BUSY, "rate_limited")


@dataclass(slots=True)
class _Sent(Generic[T]):
    row: T
    instance: str
    deadline: float


class Window(Generic[T]):
    """At most ``size`` rows at a time, each with ``timeout_s`` from when it was taken to its
    answer. Each row gets one answer, however often it is sent.

    After an overload nothing new is taken until the refused rows have been sent again: a stream
    slows down where single calls would have to fail. ``name`` is the request id of the stream.
    """

    def __init__(
        self,
        size: int,
        timeout_s: float,
        fields: Callable[[T], Fields],
        clock: Callable[[], float],
        name: str | None = None,
    ) -> None:
        self._name = name
        self._size = size
        self._timeout_s = timeout_s
        self._fields = fields
        self._clock = clock
        self._next = 0
        # By id, which is also the order of their deadlines.
        self._sent: dict[int, _Sent[T]] = {}
        self._refused: dict[int, float] = {}
        self._heard_at = -inf
        self._held_s = 0.0
        self._known: list[tuple[T, Answer]] = []
        self.refused = False
        """Whether the last message that was heard said that the service is too busy for a row."""

    @property
    def room(self) -> bool:
        """Whether another row may be taken now."""
        return len(self._sent) < self._size and not self._refused

    @property
    def idle(self) -> bool:
        """Whether no answer is known or owed."""
        return not self._sent and not self._known

    def known(self) -> list[tuple[T, Answer]]:
        """Answers that needed no server, and have not been handed out."""
        known, self._known = self._known, []
        return known

    def held(self, seconds: float) -> None:
        """Its reader was busy with answers for so long; no row has less time for that."""
        self._held_s += seconds

    def take(self, row: T) -> str | None:
        """The message for a row; None for one that cannot be sent: its error is ``known``."""
        try:
            instance = encode(self._fields(row))
        except InvalidRequest as error:
            self._known.append((row, RowError.told(error)))
            return None
        key, self._next = self._next, self._next + 1
        now = self._now()
        if not self._sent:
            self._heard_at = now
        self._sent[key] = _Sent(row, instance, now + self._timeout_s)
        return self._message(key)

    def unanswered(self, *, elsewhere: bool) -> list[str]:
        """What a new connection has to be sent. A refused row has its time to wait, unless the
        connection is to another endpoint than the one that refused it."""
        self._heard_at = self._now()
        if elsewhere:
            self._refused.clear()
        return [self._message(key) for key in self._sent if key not in self._refused]

    def due(self) -> list[str]:
        """What was refused and may be sent again now."""
        now = self._now()
        keys = [key for key, at in self._refused.items() if at <= now]
        for key in keys:
            del self._refused[key]
        return [self._message(key) for key in keys]

    def heard(self, message: str | bytes, url: str | None = None) -> list[tuple[T, Answer]]:
        """The row that a message of the server at ``url`` answers, with its answer; nothing where
        it has to wait, or is answered already. Raises Unavailable for what ours does not say."""
        self._heard_at = now = self._now()
        self.refused = False
        try:
            said = json.loads(message)
            key, answer = said["id"], answer_of({**said, "request_id": self._name})
            sent = self._sent.get(key)
            retry_after_s = float(said.get("retry_after_s", _RETRY_AFTER_S))
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Unavailable(
                "a message is none of Windsock's: is this its address?", endpoint=url
            ) from error
        if sent is None:
            return []
        if isinstance(answer, RowError) and answer.code in _LATER:
            at = now + retry_after_s
            if at < sent.deadline:
                self._refused[key] = at
                self.refused = answer.code in _BUSY
                return []
        self._refused.pop(key, None)
        del self._sent[key]
        return [(sent.row, answer)]

    def overdue(self) -> list[tuple[T, Answer]]:
        """Rows whose time is over, with the error that says so."""
        late: list[tuple[T, Answer]] = []
        now = self._now()
        while self._sent:
            key, sent = next(iter(self._sent.items()))
            if sent.deadline > now:
                break
            late.append(self._given_up(key, "timed_out", f"no answer in {self._timeout_s:g} s"))
        return late

    def too_large(self) -> list[tuple[T, Answer]]:
        """The server closed because a message was too large for it: it was the largest."""
        if not self._sent:
            return []
        key = max(self._sent, key=lambda key: len(self._sent[key].instance))
        return [self._given_up(key, "body_too_large", "the row is too large for the server")]

    @property
    def patience_s(self) -> float:
        """How long a server that owes answers may be silent: there must be time for another."""
        return max(_SILENCE_S, self._timeout_s / 2)

    @property
    def silent(self) -> bool:
        """Whether it has been for too long."""
        owes = len(self._sent) > len(self._refused)
        return owes and self._now() - self._heard_at > self.patience_s

    @property
    def wait_s(self) -> float:
        """How long to wait for a message before looking at the clock again."""
        now = self._now()
        first = next(iter(self._sent.values()), None)
        deadline = first.deadline if first else inf
        silent = self._heard_at + self.patience_s
        return max(0.0, min(_WAKE_S, deadline - now, silent - now, *self._soonest(now)))

    def _soonest(self, now: float) -> list[float]:
        return [min(self._refused.values()) - now] if self._refused else []

    def _now(self) -> float:
        return self._clock() - self._held_s

    def _given_up(self, key: int, code: str, why: str) -> tuple[T, Answer]:
        self._refused.pop(key, None)
        return self._sent.pop(key).row, RowError(code, why)

    def _message(self, key: int) -> str:
        sent = self._sent[key]
        left_ms = max(1, int(1000 * (sent.deadline - self._now())))
        return f'{{"id":{key},"timeout_ms":{left_ms},"instance":{sent.instance}}}'
