"""The work that joins predictions and outcomes, aside."""

from collections.abc import Callable, Iterable
from time import time

from app.observability.aside.work import Sample
from app.observability.feedback.settings import FeedbackSettings
from app.observability.predictions.settings import PredictionsSettings
from app.observability.quality.index import OUTCOMES, PREDICTIONS, Index
from app.observability.quality.trained import Trained
from app.observability.quality.windows import samples
from deployments.metrics.catalogue.journal import BEHIND

_LONGEST_S = 10.0
"""Of one look at the journals: after a long pause metrics follow step by step."""
_DAY_S = 86_400


class QualityWork:
    """See ``app.observability.aside.work``."""

    name = "live accuracy"

    def __init__(
        self,
        predictions: PredictionsSettings,
        feedback: FeedbackSettings,
        trained: Trained,
        now_s: Callable[[], float] = time,
    ) -> None:
        self.every_s = feedback.every_s
        self._predictions = predictions
        self._feedback = feedback
        self._trained = trained
        self._now_s = now_s
        self._index: Index | None = None

    def turn(self) -> Iterable[Sample]:
        """Bring the join up to date, and say how good predictions were."""
        index = self._index
        if index is not None and not self._feedback.index.exists():  # somebody wants it anew
            index.close()
            index = None
        if index is None:
            index = self._index = Index(self._predictions, self._feedback, self._now_s)
        index.catch_up(_LONGEST_S)
        binary = self._feedback.outcome == "binary"
        today = int(self._now_s() // _DAY_S)
        return [
            *(
                Sample(BEHIND.name, (journal,), index.behind_s(journal))
                for journal in (PREDICTIONS, OUTCOMES)
            ),
            *samples(index.connection, today, binary=binary),
            *self._trained.samples(),
        ]
