"""Ingress replicas of the collapsed layout as processes of their own, without Ray: all that a
machine has to be for its clients, at a tenth of the weight."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.config import GraphArgs
from app.ingress import IngressReplica
from app.layouts.collapsed import Collapsed
from tests.support.serve import ROOT, read_config
from tests.support.wait import wait_until


@dataclass
class Ingress:
    """A process at a port that it keeps over its restarts; ``document`` is a config of Serve."""

    document: dict[str, Any]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{_args(self.document)['fast_lane']['port']}"

    def start(self) -> None:
        """Begin to start; it answers some seconds later."""
        path = self.folder / f"{_args(self.document)['fast_lane']['port']}.json"
        path.write_text(json.dumps(self.document))
        with path.with_suffix(".log").open("ab") as log:
            command = [sys.executable, "-m", __name__, str(path)]
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended: see {self.folder}"
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """At once, as a machine that dies."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def ingresses(count: int, folder: Path) -> Iterator[list[Ingress]]:
    """So many, side by side, once all of them answer."""
    found = [Ingress(read_config("collapsed"), folder) for _ in range(count)]
    try:
        for one in found:
            one.start()
        for one in found:
            wait_until(one.ready, f"{one.url} ready", timeout_s=120)
        yield found
    finally:
        for one in found:
            one.kill()


def _args(document: dict[str, Any]) -> dict[str, Any]:
    args: dict[str, Any] = document["applications"][0]["args"]
    return args


async def _serve(document: dict[str, Any]) -> None:
    (deployment,) = document["applications"][0]["deployments"]
    replica = IngressReplica(GraphArgs.model_validate(_args(document)), Collapsed)
    await replica.reconfigure(deployment["user_config"])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
