"""What of a request its record has."""

from collections.abc import Sequence

from app.edge.guards import Auditor
from app.edge.options import RequestOptions
from app.edge.route import Route
from app.serving.answers import AnsweredBatch
from app.serving.coalescer import Sighting
from app.serving.served_version import ServedVersion


class Recording:
    """The witness that has recorded what the rows of a request are answered, or a row of a stream
    that its client calls ``id``. ``began`` is when they came, by ``perf_counter``, ``first`` the
    place in the request of what is recorded next."""

    __slots__ = ("_auditor", "began", "first", "id", "options", "route", "serving")

    def __init__(
        self, auditor: Auditor, options: RequestOptions, route: Route, serving: ServedVersion
    ) -> None:
        self._auditor = auditor
        self.options = options
        self.route = route
        self.serving = serving
        self.began = options.began
        self.first = 0
        self.id: str | int | None = None

    async def see(self, result: AnsweredBatch, sightings: Sequence[Sighting]) -> None:
        """Raises Unrecorded."""
        await self._auditor.answered(result, sightings)
