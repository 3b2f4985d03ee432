"""A request id that is not UTF-8, which HTTP allows, is answered with 500 by Ray's doors.

So is any header whose name is not, and a value of each that they read (`traceparent`, say).
"""

import os
import socket
import sys
from typing import Any

os.environ |= {"RAY_ADDRESS": "local", "RAY_AUTH_MODE": "disabled"}

from ray import serve


class Hello:
    def __call__(self, _: Any) -> str:
        return "hello"


def main() -> int:
    deployment: serve.Deployment = serve.deployment()(Hello)
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    with socket.create_connection(("127.0.0.1", 18000), timeout=30) as door:
        door.sendall(b"GET / HTTP/1.1\r\nhost: here\r\nx-request-id: caf\xe9\r\n\r\n")
        answer = door.recv(4096).split(b"\r\n")[0].decode()
    print(f"a request with `x-request-id: caf\\xe9` is answered: {answer}")
    return int(" 500 " in answer)


if __name__ == "__main__":
    sys.exit(main())
