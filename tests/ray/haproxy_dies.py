"""Ray's HAProxy is back late where it dies, and a new manager says that nothing is there.

Nobody but the controller looks after it, by three health checks of its manager, ten seconds apart.
The manager that comes then starts HAProxy before it knows a route: what is asked is "not found".
"""

import os
import sys
import time
from collections import Counter
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

os.environ |= {
    "RAY_ADDRESS": "local",
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_STATS_PORT": "18404",
}

import psutil
from ray import serve

_WITHIN_S = 3.0


class Hello:
    def __call__(self, _: Any) -> str:
        return "hello"


def main() -> int:
    deployment: serve.Deployment = serve.deployment()(Hello)
    serve.start(http_options={"port": 18000})
    serve.run(deployment.bind())
    while _ask() != 200:
        time.sleep(0.2)
    for one in psutil.Process().children(recursive=True):
        if one.name() == "haproxy":
            one.kill()
    statuses: Counter[int] = Counter()
    began = time.monotonic()
    while (status := _ask()) != 200:
        statuses[status] += 1
        time.sleep(0.1)
    took = time.monotonic() - began
    print(f"it was back after {took:.1f} s; until then (0 is refused): {dict(statuses)}")
    serve.shutdown()  # type: ignore[no-untyped-call]  # or HAProxy would outlive it
    return int(took > _WITHIN_S or 404 in statuses)


def _ask() -> int:
    try:
        with urlopen("http://127.0.0.1:18000/", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
