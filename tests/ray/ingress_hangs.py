"""Ray's HAProxy goes on asking a replica that hangs, and keeps what that one holds.

Its checks take ten seconds to find it out, and those who had asked it are not answered until the
replica is killed, though another is there.
"""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import urlopen

_CLIENTS = 20
_WITHIN_S = 3.0

os.environ |= {
    "RAY_ADDRESS": "local",
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_STATS_PORT": "18404",
}

from ray import serve  # noqa: E402


class Who:
    async def __call__(self, _: Any) -> str:
        return str(os.getpid())


def main() -> int:
    deployment: serve.Deployment = serve.deployment(
        num_replicas=2, ray_actor_options={"num_cpus": 0.1}
    )(Who)
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    replicas: set[str] = set()
    while len(replicas) < 2:
        replicas.add(_ask(0)[0])
    hangs = int(replicas.pop())
    os.kill(hangs, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(_CLIENTS) as clients:
            longest = max(took for _, took in clients.map(_ask, range(_CLIENTS)))
    finally:
        os.kill(hangs, signal.SIGCONT)
    print(f"one of two replicas hung: of {_CLIENTS} answers the last came after {longest:.1f} s")
    serve.shutdown()  # type: ignore[no-untyped-call]  # or HAProxy would outlive it
    return int(longest > _WITHIN_S)


def _ask(_: int) -> tuple[str, float]:
    began = time.monotonic()
    try:
        with urlopen("http://127.0.0.1:18000/", timeout=30) as answer:
            return answer.read().decode(), time.monotonic() - began
    except OSError:
        return "", time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
