"""Requests over a few connections, each one at a time: for what wrk's script does not send."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from itertools import cycle

from benchmarks.load.result import LoadError, LoadResult
from benchmarks.scenarios.protocols.forms import Request

_CONNECTIONS = 2
_PATIENCE_S = 30.0


def exchange(port: int, requests: Sequence[Request], seconds: float) -> LoadResult:
    """Send them over and over. Raises LoadError where one was not answered."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        shares = [requests[place::_CONNECTIONS] for place in range(_CONNECTIONS)]
        good = sum(pool.map(lambda share: _exchange(port, share, end), shares))
    return LoadResult(seconds, good)


def _exchange(port: int, requests: Sequence[Request], end: float) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    answered = 0
    try:
        for request in cycle(requests):
            if time.monotonic() >= end:
                break
            connection.request("POST", request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise LoadError(f"{request.path}: {answer.status}: {body[:300]!r}")
            answered += 1
    except (OSError, HTTPException) as error:
        raise LoadError(f"a request was not answered: {error!r}") from error
    finally:
        connection.close()
    return answered
