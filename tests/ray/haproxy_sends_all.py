"""Ray's HAProxy sends a replica whatever comes, however many requests are under way at it.

The replica takes 5 at once and lets 5 more wait. It refuses the others itself, which takes the time
of those that it could answer; HAProxy would do it for next to nothing, or send them elsewhere.
"""

import os
import sys
import time
from asyncio import sleep
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from csv import DictReader
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

_REQUESTS = 200
_TAKES = 5 + 5

os.environ |= {
    "RAY_ADDRESS": "local",
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_STATS_PORT": "18404",
    "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
}

from ray import serve  # noqa: E402


class Slow:
    async def __call__(self, _: Any) -> str:
        await sleep(0.5)
        return "done"


def main() -> int:
    deployment: serve.Deployment = serve.deployment(max_ongoing_requests=5, max_queued_requests=5)(
        Slow
    )
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    while not _most():
        _ask(0)
        time.sleep(0.2)
    with ThreadPoolExecutor(_REQUESTS) as clients:
        statuses = Counter(clients.map(_ask, range(_REQUESTS)))
    most = _most()
    print(
        f"of {_REQUESTS} requests at once {most} were at a replica that takes {_TAKES}: {statuses}"
    )
    serve.shutdown()  # type: ignore[no-untyped-call]  # or HAProxy would outlive it
    return int(most > _TAKES)


def _ask(_: int) -> int:
    try:
        with urlopen("http://127.0.0.1:18000/", timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def _most() -> int:
    """The most requests that have been at once at the replica, by HAProxy's page; 0 until it knows
    one."""
    with urlopen("http://127.0.0.1:18404/stats;csv", timeout=10) as page:
        rows = list(DictReader(page.read().decode().lstrip("# ").splitlines()))
    replicas = [row for row in rows if row["svname"].startswith("SERVE_REPLICA")]
    return max((int(row["smax"]) for row in replicas if row["status"] == "UP"), default=0)


if __name__ == "__main__":
    sys.exit(main())
