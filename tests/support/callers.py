"""Callers that use the Python client in all of its ways, and miss nothing that goes wrong."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import pandas as pd

from tests.support.wait import wait_until
from windsock import Answer, AsyncWindsock, Options, Prediction, Windsock

Row = dict[str, Any]
Numbered = tuple[int, Row, float]
"""A row of a stream, its number there, and when it was taken."""
Run = Callable[["Caller"], None]

_THREADS = 4
_TASKS = 8
_BREATH_S = 0.05
_TOLERANCE = 1e-5


@dataclass
class Caller:
    """One use of one client, and what it has met: rows that were answered as they should be, and
    whatever else there was."""

    name: str
    client: Windsock | AsyncWindsock
    rows: Sequence[Row]
    expected: Sequence[dict[str, Any]]
    over: threading.Event
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def judge(self, place: int, answer: Answer, begun: float) -> None:
        """One more answer, for the row at this place."""
        self.longest_s = max(self.longest_s, time.monotonic() - begun)
        if not isinstance(answer, Prediction):
            self.failures.append(f"row {place}: {answer.code}, {answer.message}")
            return
        for name, value in self.expected[place].items():
            given = answer.outputs[name]
            if not isinstance(given, float) or abs(given - value) > _TOLERANCE:
                self.failures.append(f"row {place}: {name} is {given} and not {value}")
        self.answered += 1

    def places(self) -> Iterator[int]:
        """Of rows to ask for, until it is over."""
        for n in count():
            if self.over.is_set():
                return
            yield n % len(self.rows)

    def numbered(self) -> Iterator[Numbered]:
        for n, place in enumerate(self.places()):
            yield n, self.rows[place], time.monotonic()
            self.over.wait(_BREATH_S / 5)

    async def numbered_async(self) -> AsyncIterator[Numbered]:
        for n, place in enumerate(self.places()):
            yield n, self.rows[place], time.monotonic()
            await asyncio.sleep(_BREATH_S / 5)

    def settle(self, seen: list[int]) -> None:
        """Each row of a stream must have come back, and once."""
        if sorted(seen) != list(range(len(seen))):
            self.failures.append(f"{len(set(seen))} different rows of {len(seen)}: lost or twice")


def _predict(caller: Caller) -> None:
    client = caller.client
    assert isinstance(client, Windsock)

    def ask() -> None:
        for place in caller.places():
            begun = time.monotonic()
            caller.judge(place, client.predict(caller.rows[place]), begun)
            caller.over.wait(_BREATH_S)

    threads = [threading.Thread(target=_noting(caller, ask)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _predict_async(caller: Caller) -> None:
    client = caller.client
    assert isinstance(client, AsyncWindsock)

    async def ask() -> None:
        for place in caller.places():
            begun = time.monotonic()
            caller.judge(place, await client.predict(caller.rows[place]), begun)
            await asyncio.sleep(_BREATH_S)

    async def run() -> None:
        async with client:
            await asyncio.gather(*(ask() for _ in range(_TASKS)))

    asyncio.run(run())


def _frames(caller: Caller) -> None:
    client = caller.client
    assert isinstance(client, Windsock)
    frame = pd.DataFrame(caller.rows)
    expected = pd.DataFrame(caller.expected)
    while not caller.over.wait(_BREATH_S * 5):
        begun = time.monotonic()
        found = client.predict_batch(frame)
        caller.longest_s = max(caller.longest_s, time.monotonic() - begun)
        bad = found["code"].notna()
        far = (found[expected.columns] - expected).abs().max(axis=1) > _TOLERANCE
        caller.failures += [f"{found.loc[place].to_dict()}" for place in found.index[bad | far]]
        caller.answered += int((~bad).sum())


def _stream(caller: Caller) -> None:
    client = caller.client
    assert isinstance(client, Windsock)
    seen: list[int] = []
    for (n, _, begun), answer in client.stream(caller.numbered(), _row):
        caller.judge(n % len(caller.rows), answer, begun)
        seen.append(n)
    caller.settle(seen)


def _stream_async(caller: Caller) -> None:
    client = caller.client
    assert isinstance(client, AsyncWindsock)
    seen: list[int] = []

    async def run() -> None:
        async with client:
            async for (n, _, begun), answer in client.stream(caller.numbered_async(), _row):
                caller.judge(n % len(caller.rows), answer, begun)
                seen.append(n)

    asyncio.run(run())
    caller.settle(seen)


def _row(numbered: Numbered) -> Row:
    return numbered[1]


_SYNC: dict[str, Run] = {"predict": _predict, "frames": _frames, "stream": _stream}
_ASYNC: dict[str, Run] = {"async predict": _predict_async, "async stream": _stream_async}


@contextmanager
def callers(
    urls: Sequence[str], rows: Sequence[Row], expected: Sequence[dict[str, Any]], **options: Any
) -> Iterator[list[Caller]]:
    """One of each kind, each with a client of its own, until the block is over."""
    chosen: Options = {**options}  # type: ignore[typeddict-item]
    over = threading.Event()
    found: list[tuple[Caller, Run]] = []
    for kinds, make in ((_SYNC, Windsock), (_ASYNC, AsyncWindsock)):
        for name, run in kinds.items():
            found.append((Caller(name, make(urls, **chosen), rows, expected, over), run))
    threads = [
        threading.Thread(target=_noting(caller, partial(run, caller))) for caller, run in found
    ]
    for thread in threads:
        thread.start()
    try:
        yield [caller for caller, _ in found]
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for caller, _ in found:
            if isinstance(caller.client, Windsock):
                caller.client.close()


def reach(found: Sequence[Caller], more: int, url: str | None = None) -> None:
    """Wait until each of them has so many more answers, and then asks at this address first."""
    before = [caller.answered for caller in found]

    def reached() -> bool:
        return all(
            caller.answered >= start + more and url in (None, caller.client.endpoint)
            for caller, start in zip(found, before, strict=True)
        )

    what = f"{more} answers each, by {url or 'anybody'}, from {_told(found)} on"
    wait_until(reached, what, timeout_s=120)


def _told(found: Sequence[Caller]) -> str:
    return ", ".join(f"{one.name} {one.answered} at {one.client.endpoint}" for one in found)


def _noting(caller: Caller, run: Callable[[], None]) -> Callable[[], None]:
    """What it raises is a failure."""

    def noting() -> None:
        try:
            run()
        except BaseException as error:
            caller.failures.append(repr(error))

    return noting
