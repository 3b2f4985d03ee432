"""Clients that predict and tell the outcome without a pause, and remember what was acknowledged."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from windsock import Windsock, WindsockError

_CLIENTS = 4


@dataclass
class Acknowledged:
    """The requests whose prediction was answered and whose outcome was acknowledged; how often the
    one or the other was not."""

    names: list[str] = field(default_factory=list)
    failed: int = 0

    def more_than(self, least: int) -> bool:
        """Whether there are."""
        return len(self.names) > least


@contextmanager
def telling(url: str, rows: Sequence[dict[str, Any]]) -> Iterator[Acknowledged]:
    """Ask and tell at this address for the length of a block."""
    told, over = Acknowledged(), threading.Event()

    def client() -> None:
        with Windsock(url) as windsock:
            for turn in itertools.count():
                if over.is_set():
                    break
                try:
                    prediction = windsock.predict(rows[turn % len(rows)])
                    windsock.feedback(prediction, turn % 3 == 0)
                except WindsockError:
                    told.failed += 1
                else:
                    told.names.append(str(prediction.request_id))

    threads = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()
