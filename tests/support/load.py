"""Clients that keep asking, and miss nothing that goes wrong."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.http1 import Connection
from tests.support.wait import wait_until


@dataclass
class Tally:
    """What the clients have met so far."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def load(
    port: int,
    path: str,
    body: bytes,
    clients: int,
    breath_s: float = 0.0,
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Tally]:
    """So many clients, each with one request after the other, and a pause after each answer; every
    other one opens a connection for each request. A lost request or an answer other than 200 is a
    failure."""
    tally = Tally()
    over = threading.Event()

    async def client(keep: bool) -> None:
        while not over.is_set():
            try:
                async with Connection.to(port, tls) as connection:
                    kept = True
                    while kept and not over.is_set():
                        answer = await connection.post(path, body)
                        if answer.status != 200:
                            tally.failures.append(f"{answer.status} {answer.body[:200]!r}")
                        tally.answered += 1
                        await asyncio.sleep(breath_s)
                        kept = keep and answer.headers.get("connection") != "close"
            except (OSError, EOFError, TimeoutError) as error:
                tally.failures.append(repr(error))

    async def everyone() -> None:
        await asyncio.gather(*(client(place % 2 == 0) for place in range(clients)))

    thread = threading.Thread(target=lambda: asyncio.run(everyone()))
    thread.start()
    try:
        wait_until(lambda: tally.answered > clients, "the first answers")
        yield tally
    finally:
        over.set()
        thread.join()
