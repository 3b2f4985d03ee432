"""What of a request its record has."""

from collections.abc import Sequence
from time import perf_counter

from app.edge.guards import Recorder
from app.edge.options import RequestOptions
from app.edge.route import Route
from app.edge.trace_context import TraceContext
from app.serving.answers import AnsweredBatch
from app.serving.coalescer import Sighting
from app.serving.errors import Unrecorded
from app.serving.served_version import ServedVersion


class Recording:
    """The witness that tells recorders what the rows of a request, or a row of a stream that its
    client calls ``id``, are answered. ``began`` is when they came, by ``perf_counter``, ``asked``
    when they were to join the queue, ``first`` the place in the request of what is recorded next,
    and ``trace`` that of a row which is traced by itself."""

    __slots__ = (
        *("_recorders", "asked", "began", "first", "id", "options", "route", "serving", "trace"),
    )

    def __init__(
        self,
        recorders: Sequence[Recorder],
        options: RequestOptions,
        route: Route,
        serving: ServedVersion,
    ) -> None:
        self._recorders = recorders
        self.options = options
        self.route = route
        self.serving = serving
        self.began = options.began
        self.asked = perf_counter()
        self.first = 0
        self.trace: TraceContext | None = None
        self.id: str | int | None = None

    async def see(self, result: AnsweredBatch, sightings: Sequence[Sighting]) -> None:
        """Raises Unrecorded."""
        for recorder in self._recorders:
            recorder.answered(result, sightings)
        await all_kept(self._recorders)
        for recording, _, rows in sightings:
            recording.first += rows


async def all_kept(recorders: Sequence[Recorder]) -> None:
    """Until all recorders have kept what they were told in this turn of the loop. Raises Unrecorded
    where one of them has not, and only when all are done."""
    # Each is asked before any is waited for: later it could not tell what is meant.
    waiting = [recorder.kept() for recorder in recorders]
    failure: Unrecorded | None = None
    try:
        for one in waiting:
            try:
                await one
            except Unrecorded as error:
                failure = failure or error
    finally:
        for one in waiting:
            one.close()
    if failure is not None:
        raise failure
