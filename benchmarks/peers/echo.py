"""The floor: the fast lane's own HTTP server, with an answer of the same weight and no work.

python -m benchmarks.peers.echo PORT
"""

import asyncio
import sys

import uvloop
from starlette.types import Receive, Scope, Send

from app.config import FastLaneSettings
from app.doors.fast_lane.server import FastLane

ANSWER = b'{"outputs":{"late_probability":0.5},"padding":"'.ljust(1024, b".") + b'"}'
"""About as long as what Windsock answers for ten views."""

_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode()),
]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the request, answer the same to all."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def main(port: int) -> None:
    """Serve until interrupted."""
    lane = FastLane(FastLaneSettings(port=port), echo, max_message_bytes=2**20)
    await lane.open()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
