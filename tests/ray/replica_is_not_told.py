"""User code in a replica that is to stop is not told so while a client holds a stream open.

Serve calls a deployment's ``__del__`` once nothing is under way. A stream keeps that from coming,
and after ``graceful_shutdown_timeout_s`` the replica is killed: the client is cut off in the
middle, although the deployment could have ended the stream in order.
"""

import os
import sys
import time
from asyncio import sleep
from collections.abc import AsyncIterator
from http.client import IncompleteRead
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.request import urlopen

os.environ |= {"RAY_ADDRESS": "local", "RAY_AUTH_MODE": "disabled"}

from ray import serve
from starlette.requests import Request
from starlette.responses import StreamingResponse


class Stream:
    def __init__(self, told: str) -> None:
        self._told = Path(told)

    def __del__(self) -> None:
        self._told.touch()

    def __call__(self, _: Request) -> StreamingResponse:
        return StreamingResponse(self._ticks())

    async def _ticks(self) -> AsyncIterator[str]:
        while not self._told.exists():
            yield "tick\n"
            await sleep(0.1)
        yield "the end\n"


def main() -> int:
    ends: list[str] = []
    with TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        deployment: serve.Deployment = serve.deployment(graceful_shutdown_timeout_s=5)(Stream)
        serve.start(http_options={"port": 18000})
        serve.run(deployment.bind(str(told)))
        client = Thread(target=_listen, args=[ends])
        client.start()
        while not ends:
            time.sleep(0.1)
        began = time.monotonic()
        serve.delete("default")
        client.join()
        took = time.monotonic() - began
        print(f"told: {told.exists()}; the stream ended {took:.1f} s later, with {ends[-1]!r}")
        return int(ends[-1] != "the end\n")


def _listen(ends: list[Any]) -> None:
    """Keep the last that came, or how it broke."""
    try:
        with urlopen("http://127.0.0.1:18000/", timeout=60) as stream:
            for line in stream:
                ends[:] = [line.decode()]
    except (OSError, IncompleteRead) as error:
        ends[:] = [repr(error)]


if __name__ == "__main__":
    sys.exit(main())
