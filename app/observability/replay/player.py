"""Plays a day: the feed writes what comes to be known, then the service is asked, then the clock
goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from app.observability.replay.asker import Asker
from app.observability.replay.feeding import Feeding
from app.observability.replay.messages import Begin, Begun, Happened, Next, Rewind, Seek, Sought
from app.observability.replay.pace import Pace
from app.observability.replay.progress import Progress
from app.observability.replay.service import Service
from app.observability.replay.tally import Tally
from deployments.metrics.catalogue import replay as metrics
from deployments.metrics.series import COUNTS
from windsock import AsyncWindsock, Options, WindsockError

# A service whose views were just filled anew tries again what it could not read meanwhile.
_RECOVERS_S = 15.0
_LOOKS_S = 0.2


class Unreachable(Exception):
    """There is nothing to play through; says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a day is played, and how."""

    config_folder: str
    day: str | None = None
    until: str | None = None
    limit: int | None = None
    speed: float = 300.0
    repeat: int = 1
    feedback: bool = True
    loop: bool = False


async def play(
    service: Service, wanted: Wanted, say: Callable[[str], object]
) -> AsyncIterator[Progress]:
    """The day, moment by moment. Raises Unreachable, and FeedFailed."""
    async with AsyncExitStack() as stack:
        key: Options = {"key": service.key} if service.key else {}
        client = await stack.enter_async_context(AsyncWindsock(service.url, **key))
        await _answers(client, service)
        told = client if wanted.feedback and service.feedback else None
        feed = await stack.enter_async_context(Feeding())
        say("reading the day")
        begun = await feed.tell(_begin(service, wanted), Begun)
        tally = Tally()
        turn = 1
        while True:
            asker = Asker(client, told, tally, output=service.replay.output, repeat=wanted.repeat)
            say(f"filling the store as of {begun.start}")
            sought = await feed.tell(Seek(), Sought)
            await _recovered(client)
            start = datetime.fromisoformat(begun.start)
            progress = Progress(
                start=start,
                end=datetime.fromisoformat(begun.end),
                asks=begun.asks,
                pace=Pace(wanted.speed, start),
                tally=tally,
                store=begun.store,
                url=service.url,
                at=start,
                round=turn,
            )
            yield progress
            async for _ in _moments(feed, asker, progress, sought.next):
                yield progress
            if not wanted.loop:
                return
            turn += 1


async def rewind(service: Service, folder: str) -> datetime:
    """Have store and clock as they are without a replay; where the clock stands then. Raises
    FeedFailed."""
    async with Feeding() as feed:
        await feed.tell(_begin(service, Wanted(folder)), Begun)
        sought = await feed.tell(Rewind(), Sought)
    return datetime.fromisoformat(sought.at)


async def _moments(
    feed: Feeding, asker: Asker, progress: Progress, coming: str | None
) -> AsyncIterator[None]:
    clock = COUNTS.gauge(metrics.CLOCK)[()]
    behind = COUNTS.gauge(metrics.BEHIND)[()]
    while coming is not None:
        await asyncio.sleep(progress.pace.wait_s(datetime.fromisoformat(coming)))
        happened = await feed.tell(Next(), Happened)
        progress.at = datetime.fromisoformat(happened.at)
        progress.tally.pushed(happened.rows)
        await asker.happen(happened.asks, happened.outcomes)
        progress.pace.reached(progress.at)
        clock.set(progress.at.timestamp())
        behind.set(progress.pace.behind_s)
        coming = happened.next
        yield


async def _answers(client: AsyncWindsock, service: Service) -> None:
    try:
        await client.health()
    except WindsockError as error:
        raise Unreachable(
            f"no service answers at {service.url}: start it first, by `windsock up` ({error})"
        ) from error


async def _recovered(client: AsyncWindsock) -> None:
    """Returns when nothing is wrong that passes by itself, or when it does not pass."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _RECOVERS_S
    while loop.time() < until:
        try:
            if (await client.health()).status == "ok":
                return
        except WindsockError:
            pass  # the requests will tell
        await asyncio.sleep(_LOOKS_S)


def _begin(service: Service, wanted: Wanted) -> Begin:
    return Begin(
        source=service.replay.source,
        folder=wanted.config_folder,
        repo=str(service.repo),
        yaml=str(service.yaml) if service.yaml else None,
        clock=str(service.replay.clock),
        starts=service.starts.isoformat(),
        day=wanted.day,
        until=wanted.until,
        limit=wanted.limit,
    )
