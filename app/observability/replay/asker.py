"""Asks for predictions as clients would, and sends outcomes back."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from app.observability.replay.tally import Tally
from windsock import Outcome, Prediction, RowError, WindsockError


class Predicts(Protocol):
    """The client's part of it."""

    async def predict(self, row: Mapping[str, Any], /) -> Prediction:
        """Raises WindsockError."""


class Tells(Protocol):
    """The client's part of it."""

    async def feedback_batch(self, outcomes: Iterable[Outcome], /) -> list[str | RowError]:
        """What became of each. Raises WindsockError."""


class Asker:
    """One of many clients: each prediction is asked for ``repeat`` times, and the first answer is
    what an outcome is sent for."""

    def __init__(
        self,
        client: Predicts,
        feedback: Tells | None,
        tally: Tally,
        *,
        output: str | None = None,
        repeat: int = 1,
    ) -> None:
        self._client = client
        self._feedback = feedback
        self._tally = tally
        self._output = output
        self._repeat = repeat
        self._waiting: dict[str, tuple[str | None, Any]] = {}

    async def happen(
        self,
        asks: Sequence[tuple[str, Mapping[str, Any]]],
        outcomes: Sequence[tuple[str, bool | float | str]],
    ) -> None:
        """What belongs to one moment. It returns when all is answered: what is asked for then must
        not see what is known later."""
        await asyncio.gather(
            self._tell(outcomes),
            *(self._ask(id, fields) for id, fields in asks),
            *(self._ask(None, fields) for _, fields in asks for _ in range(self._repeat - 1)),
        )

    async def _ask(self, id: str | None, fields: Mapping[str, Any]) -> None:
        began = time.perf_counter()
        try:
            answer = await self._client.predict(fields)
        except WindsockError as error:
            self._tally.error(error.code, time.perf_counter() - began)
            return
        features = answer.features
        self._tally.answer(
            time.perf_counter() - began,
            degraded=features.degraded,
            views={name: (view.status, view.age_s) for name, view in features.views.items()},
        )
        if id is not None:
            name = self._output or next(iter(answer.outputs))
            self._waiting[id] = answer.request_id, answer.outputs.get(name)

    async def _tell(self, outcomes: Sequence[tuple[str, bool | float | str]]) -> None:
        known = [
            (self._waiting.pop(id), outcome) for id, outcome in outcomes if id in self._waiting
        ]
        for (_, predicted), outcome in known:
            self._tally.scores.add(predicted, outcome)
        if self._feedback is None:
            return
        told: list[Any] = [(id, outcome) for (id, _), outcome in known if id is not None]
        if not told:
            return
        try:
            answers = await self._feedback.feedback_batch(Outcome(*one) for one in told)
        except WindsockError as error:
            refused = [error.code] * len(told)
        else:
            refused = [one.code for one in answers if isinstance(one, RowError)]
        self._tally.told(len(told), len(told) - len(refused))
        self._tally.feedback_errors.update(refused)
