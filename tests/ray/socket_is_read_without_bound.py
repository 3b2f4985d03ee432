"""Ray's doors read on from a WebSocket whose messages nobody receives, and hold them in memory.

uvicorn itself reads no further while a message waits to be received, so that the client has to.
"""

import asyncio
import os
import sys
from typing import Any

from websockets.asyncio.client import connect

os.environ |= {"RAY_ADDRESS": "local", "RAY_AUTH_MODE": "disabled"}

from ray import serve

_MIB = 2**20
# More than sockets and uvicorn hold on the way.
_BOUND_MIB = 64
_SENT_MIB = 256


class Deaf:
    """Accepts a socket, and receives nothing from it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await asyncio.sleep(60)


@serve.ingress(Deaf())
class Door:
    pass


async def sent_mib() -> int:
    """How much the door takes until it makes the client wait."""
    async with connect("ws://127.0.0.1:18000/", ping_interval=None, close_timeout=1) as socket:
        for mib in range(_SENT_MIB):
            try:
                await asyncio.wait_for(socket.send(bytes(_MIB)), timeout=5)
            except TimeoutError:
                return mib
    return _SENT_MIB


def main() -> int:
    deployment: serve.Deployment = serve.deployment()(Door)
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    taken = asyncio.run(sent_mib())
    print(f"of {_SENT_MIB} MiB sent to a replica that receives nothing, its door took {taken}")
    return int(taken > _BOUND_MIB)


if __name__ == "__main__":
    sys.exit(main())
