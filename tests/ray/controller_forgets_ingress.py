"""Serve's controller forgets which deployment is the ingress while it builds an application anew.

Where requests go is in ``target_groups`` of Serve's REST API: load balancers read it, and Ray's own
HAProxy is told the same. While the new version is being built, ingress replicas of the old one run
and could answer; yet all is sent to the Python proxy.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

os.environ |= {
    "PYTHONPATH": str(Path(__file__).parent),
    "RAY_ADDRESS": "local",
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_ENABLE_DIRECT_INGRESS": "1",
}

import ray
from ray import serve

_BUILD_S = 5.0


class Hello:
    def __call__(self, _: Any) -> str:
        return "hello"


def build(args: dict[str, Any]) -> serve.Application:
    time.sleep(args["build_s"])
    deployment: serve.Deployment = serve.deployment()(Hello)
    return deployment.bind()


def main() -> int:
    context: Any = ray.init()
    api = f"http://{context.dashboard_url}/api/serve/applications/"

    def deploy(build_s: float) -> None:
        name = f"{Path(__file__).stem}:build"
        document = {
            "http_options": {"port": 18000},
            "applications": [{"name": "hello", "import_path": name, "args": {"build_s": build_s}}],
        }
        body, head = json.dumps(document).encode(), {"content-type": "application/json"}
        urlopen(Request(api, body, head, method="PUT"), timeout=30).close()

    def status_and_targets() -> tuple[str, list[str]]:
        with urlopen(api, timeout=30) as answer:
            serves = json.load(answer)
        status = serves["applications"].get("hello", {}).get("status", "")
        return status, [
            one["name"] for group in serves["target_groups"] for one in group["targets"]
        ]

    deploy(build_s=0)
    while not (status_and_targets()[0] == "RUNNING" and _replicas(status_and_targets()[1])):
        time.sleep(0.2)
    deploy(build_s=_BUILD_S)
    forgotten, began = 0.0, time.monotonic()
    while time.monotonic() - began < _BUILD_S:
        looked = time.monotonic()
        targets = status_and_targets()[1]
        time.sleep(0.1)
        if not _replicas(targets):
            forgotten += time.monotonic() - looked
    print(f"of {_BUILD_S:g} s of building, Serve named no replica in {forgotten:.1f} s: {targets}")
    return int(forgotten > 0)


def _replicas(targets: list[str]) -> list[str]:
    return [name for name in targets if name.startswith("SERVE_REPLICA")]


if __name__ == "__main__":
    sys.exit(main())
