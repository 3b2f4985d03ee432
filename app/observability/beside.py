"""What a recorder that only looks has in common with others of its kind: it costs nobody an
answer."""

from collections.abc import Sequence

from app.edge.options import RequestOptions
from app.edge.recording import Recording
from app.edge.route import Route
from app.serving.answers import AnsweredBatch
from deployments.log import get_logger

logger = get_logger(__name__)


class Beside:
    """A recorder that no answer waits for. What goes wrong in it is a problem of ``name``, until a
    batch is taken again, and once in the log."""

    name: str
    _fault: str | None = None

    def answered(
        self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]
    ) -> None:
        """Raises nothing."""
        try:
            self.take(batch, recordings)
        except Exception as error:
            fault = f"{self.name}: rows are left out: {type(error).__name__}: {error}"
            if self._fault != fault:
                logger.error("%s", fault, exc_info=error)
            self._fault = fault
        else:
            self._fault = None

    def take(self, batch: AnsweredBatch, recordings: Sequence[tuple[Recording, int, int]]) -> None:
        """What its own kind does with what ``answered`` is told."""
        raise NotImplementedError

    def faults(self) -> list[str]:
        """What the last batch could not be taken for."""
        return [self._fault] if self._fault else []

    def failed(
        self,
        options: RequestOptions,
        route: Route,
        error: Exception,
        id: str | int | None = None,
    ) -> None:
        """It has no row to look at."""

    async def kept(self) -> None:
        """Nothing waits for it."""
