"""Which moments of a day are played."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from app.observability.replay.source import Moment, SourceError


def played(
    moments: Iterable[Moment], until: datetime | None = None, limit: int | None = None
) -> Iterator[Moment]:
    """Those up to an instant; of what is asked for the first ``limit``, with their outcomes, and
    nothing once these have returned. Raises SourceError for moments that are not in their order.
    """
    asked: set[str] = set()
    returned: set[str] = set()
    last: datetime | None = None
    moments = [*moments]
    expected = {one.id for moment in moments for one in moment.outcomes}
    for moment in moments:
        if last is not None and moment.at <= last:
            raise SourceError(f"the moment at {moment.at.isoformat()} comes after a later one")
        last = moment.at
        if until is not None and moment.at > until:
            return
        outcomes = [one for one in moment.outcomes if one.id in asked]
        returned.update(one.id for one in outcomes)
        asks = moment.asks if limit is None else moment.asks[: max(0, limit - len(asked))]
        asked.update(ask.id for ask in asks)
        yield replace(moment, asks=asks, outcomes=outcomes)
        if limit is not None and len(asked) >= limit and asked & expected <= returned:
            return
