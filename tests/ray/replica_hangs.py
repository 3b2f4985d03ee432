"""Serve replaces a replica that hangs after three health checks, however long they take."""

import os
import signal
import sys
import time
from typing import Any

os.environ |= {"RAY_ADDRESS": "local", "RAY_AUTH_MODE": "disabled"}

from ray import serve

_PERIOD_S = _TIME_OUT_S = 2.0


class Who:
    async def __call__(self) -> int:
        return os.getpid()


def main() -> int:
    deployment: serve.Deployment = serve.deployment(
        health_check_period_s=_PERIOD_S, health_check_timeout_s=_TIME_OUT_S
    )(Who)
    handle: Any = serve.run(deployment.bind(), route_prefix=None)
    hangs = handle.remote().result()
    os.kill(hangs, signal.SIGSTOP)
    began = time.monotonic()
    while _state() == "HEALTHY":
        time.sleep(0.1)
    took = time.monotonic() - began
    if _there(hangs):
        os.kill(hangs, signal.SIGCONT)
    print(f"with {_PERIOD_S:g} s of period and {_TIME_OUT_S:g} s of time-out it took {took:.1f} s")
    return int(took > _PERIOD_S + _TIME_OUT_S + 2)


def _state() -> str:
    (application,) = serve.status().applications.values()
    (deployment,) = application.deployments.values()
    return str(deployment.status.value)


def _there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


if __name__ == "__main__":
    sys.exit(main())
