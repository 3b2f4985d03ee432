"""The process that writes what a replay brings: Feast and pandas are here, and nowhere else.

`python -m app.observability.replay.feed` takes commands and gives replies, a line of JSON each, by
its standard input and output. It ends with its input.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from app.observability.replay.messages import (
    Begin,
    Begun,
    Command,
    Failed,
    Happened,
    Next,
    Reply,
    Rewind,
    Seek,
    Sought,
)
from app.observability.replay.play import played
from app.observability.replay.source import Day, Moment, Source, load
from app.observability.replay.writer import Writer, described
from deployments.features import watermark
from deployments.features.lookup import open_store
from deployments.features.store.records import reason_of


class Feed:
    """One day of one source, into one store."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._clock = Path(begin.clock)
        # Up to when it was to be filled last: who is ended meanwhile has not moved the clock yet.
        self._filled = self._clock.with_name(f"{self._clock.name}.filled")
        self._starts = datetime.fromisoformat(begin.starts)
        self._source: Source = load(begin.source, Path(begin.folder))
        self._store = open_store(Path(begin.repo), Path(begin.yaml) if begin.yaml else None)
        self._writer = Writer(self._store)
        wanted = date.fromisoformat(begin.day) if begin.day else None
        self._day: Day = self._source.day(self._store, wanted)
        self._moments: list[Moment] = [*played(self._day.moments(), _until(begin), begin.limit)]
        self._left: Iterator[Moment] = iter(())
        self._next: Moment | None = None

    def begun(self) -> Begun:
        """What there is to play."""
        end = self._moments[-1].at if self._moments else self._day.start
        asks = sum(len(moment.asks) for moment in self._moments)
        return Begun(self._day.start.isoformat(), end.isoformat(), asks, described(self._store))

    def do(self, command: Command) -> Reply:
        """The reply to a command. Raises what source and store raise."""
        match command:
            case Seek():
                rows = self._go(self._day.start)
                watermark.write(self._clock, self._day.start)
                self._left = iter(self._moments)
                self._next = next(self._left, None)
                return Sought(self._day.start.isoformat(), rows, self._coming())
            case Rewind():
                rows = self._go(self._starts)
                self._clock.unlink(missing_ok=True)
                return Sought(self._starts.isoformat(), rows, None)
            case Next():
                return self._happen()
        raise ValueError(f"{type(command).__name__} comes once, and first")

    def _go(self, at: datetime) -> int:
        """Have the store as it was at an instant; how many rows were written."""
        stands = watermark.read(self._clock)
        filled = watermark.read(self._filled) or 0.0
        # Where no clock stands, as where its folder was removed, the store may be of any day.
        if stands is None or max(stands, filled) > at.timestamp():
            self._writer.forget(self._writer.views())
        watermark.write(self._filled, at)
        return sum(self._writer.write(rows) for rows in self._source.state(self._store, at))

    def _happen(self) -> Reply:
        moment = self._next
        if moment is None:
            return Failed("the day is over")
        began = time.perf_counter()
        rows = sum(self._writer.write(one) for one in moment.rows)
        # Not before: the clock says up to when all is there.
        watermark.write(self._clock, moment.at)
        self._next = next(self._left, None)
        return Happened(
            moment.at.isoformat(),
            rows,
            time.perf_counter() - began,
            [(ask.id, dict(ask.fields)) for ask in moment.asks],
            [(one.id, one.outcome) for one in moment.outcomes],
            self._coming(),
        )

    def _coming(self) -> str | None:
        return self._next.at.isoformat() if self._next else None


def _until(begin: Begin) -> datetime | None:
    if begin.until is None:
        return None
    until = datetime.fromisoformat(begin.until)
    return until if until.tzinfo else until.replace(tzinfo=UTC)


def main() -> None:
    """Serve commands until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks, who then ends the input
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Feast prints
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Command).decode
    feed: Feed | None = None
    for line in sys.stdin.buffer:
        reply: Reply
        try:
            command = decode(line)
            if isinstance(command, Begin):
                feed = Feed(command)
                reply = feed.begun()
            elif feed is None:
                reply = Failed("nothing has begun")
            else:
                reply = feed.do(command)
        except Exception as error:
            reply = Failed(reason_of(error))
        replies.write(encode(reply) + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
