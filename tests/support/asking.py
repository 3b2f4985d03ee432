"""Clients that ask without a pause, each request under a name of its own, and remember what they
were answered."""

import http.client
import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

_TIMEOUT_S = 10.0
_CLIENTS = 8


@dataclass
class Told:
    """The outputs of each request that was answered, by its name; how many were not."""

    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    unanswered: int = 0


@contextmanager
def asking(url: str, rows: Sequence[dict[str, Any]]) -> Iterator[Told]:
    """Ask at this address for the length of a block."""
    told, over = Told(), threading.Event()
    bodies = [json.dumps(row) for row in rows]
    host = url.removeprefix("http://")

    def client() -> None:
        run, connection = uuid4().hex, None
        for number in itertools.count():
            if over.is_set():
                if connection is not None:
                    connection.close()
                break
            name = f"{run}-{number}"
            connection = connection or http.client.HTTPConnection(host, timeout=_TIMEOUT_S)
            headers = {"content-type": "application/json", "x-request-id": name}
            try:
                connection.request("POST", "/predict", bodies[number % len(bodies)], headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                told.unanswered += 1
                connection.close()
                connection = None
            else:
                if answer.status == 200:
                    told.outputs[name] = json.loads(body)["outputs"]
                else:
                    told.unanswered += 1

    threads = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()
