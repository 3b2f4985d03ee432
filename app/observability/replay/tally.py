"""What a replay has seen so far."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from app.observability.replay.scores import Scores
from deployments.metrics.catalogue import replay as metrics
from deployments.metrics.series import COUNTS

_RECENT = 4096
"""Requests over which times are told."""
_RECENT_ROWS = 200
"""Answers over which the age of a view is told."""
_RATE_S = 5.0


@dataclass(frozen=True, slots=True)
class Age:
    """Of a view in recent answers: the oldest event, in seconds, and how many of them had none or
    one that was not fresh."""

    oldest_s: float | None
    not_fresh: float


class Tally:
    """Counts, and exports what it counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._took: deque[float] = deque(maxlen=_RECENT)
        self._ended: deque[float] = deque(maxlen=2 * _RECENT)
        self._views: dict[str, deque[tuple[str, float | None]]] = {}
        self._began = clock()
        self.asked = 0
        self.answered = 0
        self.degraded = 0
        self.errors: Counter[str] = Counter()
        self.rows = 0
        self.outcomes = 0
        self.labelled = 0
        self.feedback_errors: Counter[str] = Counter()
        self.scores = Scores()
        self._asks = COUNTS.counter(metrics.ASKED)
        self._times = COUNTS.histogram(metrics.TOOK)[()]
        self._pushed = COUNTS.counter(metrics.PUSHED)[()]
        self._sent = COUNTS.counter(metrics.OUTCOMES)[()]

    def pushed(self, rows: int) -> None:
        """So many feature rows are in the store."""
        self.rows += rows
        self._pushed.add(rows)

    def answer(
        self, took_s: float, *, degraded: bool, views: Mapping[str, tuple[str, float | None]]
    ) -> None:
        """A prediction came; ``views`` has status and age in seconds of each."""
        self.answered += 1
        self.degraded += degraded
        for name, state in views.items():
            if name not in self._views:
                self._views[name] = deque(maxlen=_RECENT_ROWS)
            self._views[name].append(state)
        self._end("ok", took_s)

    def error(self, code: str, took_s: float) -> None:
        """An error came in place of one."""
        self.errors[code] += 1
        self._end(code, took_s)

    def told(self, sent: int, labelled: int) -> None:
        """Outcomes were sent, and so many of them taken."""
        self.outcomes += sent
        self.labelled += labelled
        self._sent.add(sent)

    @property
    def failed(self) -> int:
        """Requests that had no prediction, and refused outcomes."""
        return sum(self.errors.values()) + sum(self.feedback_errors.values())

    @property
    def degraded_share(self) -> float:
        """Of what was answered."""
        return self.degraded / self.answered if self.answered else 0.0

    @property
    def rate(self) -> float:
        """Requests a second, of late."""
        now = self._clock()
        since = now - _RATE_S
        recent = sum(1 for ended in self._ended if ended > since)
        return recent / max(1e-9, min(_RATE_S, now - self._began))

    def quantile_ms(self, share: float) -> float | None:
        """Of the time of recent requests, as their client saw it."""
        return float(np.quantile(self._took, share)) * 1e3 if self._took else None

    def ages(self) -> dict[str, Age]:
        """By view."""
        found = {}
        for name, states in self._views.items():
            known = [age for _, age in states if age is not None]
            other = sum(1 for status, _ in states if status != "fresh")
            found[name] = Age(max(known, default=None), other / len(states))
        return found

    def _end(self, code: str, took_s: float) -> None:
        self.asked += 1
        self._took.append(took_s)
        self._ended.append(self._clock())
        self._asks[code].add()
        self._times.observe(took_s)
