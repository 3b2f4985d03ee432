"""A request that offers another protocol, as Java's own client does, loses its body at Ray's door.

The parser stops behind the head of such a request, and uvicorn, which does not take the offer,
drops what comes behind it.
"""

import os
import re
import socket
import sys
from typing import Any

os.environ |= {"RAY_ADDRESS": "local", "RAY_AUTH_MODE": "disabled"}

from ray import serve

REQUEST = (
    b"POST / HTTP/1.1\r\nhost: here\r\nconnection: close, upgrade, http2-settings\r\n"
    b"upgrade: h2c\r\nhttp2-settings: AAMAAABk\r\ncontent-length: 5\r\n\r\nhello"
)


class Echo:
    async def __call__(self, request: Any) -> str:
        return f"got {len(await request.body())} bytes"


def main() -> int:
    deployment: serve.Deployment = serve.deployment()(Echo)
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    with socket.create_connection(("127.0.0.1", 18000), timeout=30) as door:
        door.sendall(REQUEST)
        answer = door.recv(4096)
    told = re.search(rb"got \d+ bytes", answer)
    print(f"a request that offers h2c with 5 bytes is answered: {told and told[0].decode()}")
    return int(told is None or told[0] != b"got 5 bytes")


if __name__ == "__main__":
    sys.exit(main())
