"""The feature stage, and what stands in for it while it cannot be reached.

That is a store away: the stage itself says beforehand what it answers then, so that its policies
stand in its settings alone.
"""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from app.serving.errors import Unavailable
from deployments.frames import Frame, ViewStates
from deployments.log import get_logger
from deployments.metrics.catalogue.features import STOOD_IN
from deployments.metrics.series import COUNTS
from deployments.model_id import ModelId
from deployments.stage.timed import Timed

logger = get_logger(__name__)

# Of each model the version that serves, and the one whose batches end beside it.
_KEPT = 2
_ASK_S = 1.0


class StandIn:
    """``lookup`` for a chain: that of the stage, and where this raises Unavailable, for each row
    the one that ``remember`` last got of ``ask``. Answers tell it by the states of their views."""

    def __init__(
        self,
        lookup: Callable[[Frame], Awaitable[Timed[Frame]]],
        ask: Callable[[ModelId], Awaitable[Frame | None]],
    ) -> None:
        self._lookup = lookup
        self._ask = ask
        self._answered = 0
        self._stood_in = COUNTS.counter(STOOD_IN)[()]
        self._rows: dict[ModelId, Frame] = {}  # in the order of their coming
        self.away = False
        """Whether the stage could not be reached when it was last asked."""

    async def lookup(self, frame: Frame) -> Timed[Frame]:
        """As the stage does. Raises Unavailable where nothing stands in for it."""
        before = self._answered
        try:
            found = await self._lookup(frame)
        except Unavailable as error:
            if self._answered == before:
                self._lost(error)
            row = self._rows.get(frame.model)
            if row is None:
                raise
            if frame.counted:
                self._stood_in.add(frame.rows)
            return Timed(_repeated(row, frame), 0.0)
        self._answered += 1
        if self.away:
            self._found()
        return found

    async def remember(self, model: ModelId) -> None:
        """Ask the stage what it answers for this version while its store is away. What it said
        before stays where it cannot be asked."""
        try:
            async with asyncio.timeout(_ASK_S):
                row = await self._ask(model)
        except Exception as error:
            if model not in self._rows:
                logger.warning("nothing stands in for the features of %s yet: %r", model, error)
            return
        self._rows.pop(model, None)
        if row is not None:
            self._rows[model] = row
        for old in [one for one in self._rows if one.name == model.name][:-_KEPT]:
            del self._rows[old]

    def _lost(self, error: Unavailable) -> None:
        if not self.away:
            logger.error("the feature stage cannot be reached, its defaults stand in: %s", error)
        self.away = True

    def _found(self) -> None:
        self.away = False
        logger.info("the feature stage answers again")


def _repeated(row: Frame, frame: Frame) -> Frame:
    """The frame with this row's features in each of its rows."""
    n = frame.rows
    first = np.zeros(n, dtype=np.intp)
    features = {name: column[first] for name, column in row.columns.items()}
    states = row.views
    assert states is not None
    refused = states.refused
    views = ViewStates(
        states.names,
        np.repeat(states.status, n, axis=1),
        np.repeat(states.age_s, n, axis=1),
        None if refused is None else np.repeat(refused, n),
        states.at,
    )
    return Frame(frame.model, n, frame.columns | features, views)
