"""`windsock up` as a script starts it: SIGINT is ignored, and nobody watches."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import yaml

from app.start.family import Family
from tests.support.serve import FAST, ROOT, Server, fast_lane_of, script
from tests.support.wait import wait_until


@dataclass
class Launched(Server):
    """A launcher, with the folder of its records."""

    records: Path = Path()

    @property
    def dashboard(self) -> str:
        """The address of Ray's dashboard, as the launcher prints it."""
        (found,) = re.findall(r"^Ray dashboard +(\S+)", self.output(), re.MULTILINE)
        return str(found)

    def family(self) -> Family:
        """All that it has started, by its record."""
        (path,) = self.records.glob("*.json")
        return Family(json.loads(path.read_text())["sessions"])

    def part(self, program: str) -> psutil.Process:
        """The process of its family whose program or title begins so."""

        def find() -> psutil.Process | None:
            return next((one for one in self.family().running() if _is(one, program)), None)

        return wait_until(find, program)

    def wait_for(self, text: str, timeout_s: float = 60.0) -> None:
        """Until it has printed ``text``."""
        wait_until(lambda: text in self.output() or self._ended(), text, timeout_s)
        assert text in self.output(), self.output()

    def wait_until_up(self) -> None:
        self.wait_for("Ctrl-C stops", timeout_s=120)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Its exit code."""
        return self.process.wait(timeout_s)

    def _ended(self) -> bool:
        return self.process.poll() is not None


@contextmanager
def launched(document: Mapping[str, Any], temporary: Path) -> Iterator[Launched]:
    """One of this config, which keeps what is temporary in a folder (with a short path, as Ray's
    sockets want it); after the block nothing of it may be left."""
    config, log = temporary / "serve_config.yaml", temporary / f"{uuid4()}.txt"
    config.write_text(yaml.safe_dump(document))
    outside = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", 'trap "" INT; exec "$@"', "script", script("windsock"), "up", config],
            cwd=ROOT,
            env={**outside, **FAST, "TMPDIR": str(temporary)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    family: Family | None = None
    try:
        http, grpc = document["http_options"]["port"], document["grpc_options"]["port"]
        yield (
            one := Launched(
                f"http://127.0.0.1:{http}",
                fast_lane_of(document),
                f"127.0.0.1:{grpc}",
                process,
                config,
                log,
                records=temporary / f"windsock-{os.getuid()}",
            )
        )
        if list(one.records.glob("*.json")):
            family = one.family()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        finally:
            process.kill()
            left = family.running() if family else []
            if family:
                family.end()
    assert not left, f"left running: {left}"


def _is(process: psutil.Process, program: str) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return any(word.rpartition("/")[2].startswith(program) for word in line[:2])
