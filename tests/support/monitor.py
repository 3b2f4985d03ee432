"""`windsock monitor` as a process."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.serve import free_port, script
from tests.support.wait import wait_until


@dataclass
class Monitored:
    process: psutil.Popen
    prometheus: str
    dashboards: str
    log: Path

    @property
    def children(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)


@contextmanager
def monitored(
    config: Path, *arguments: str, path: str = "", rays: Path | None = None
) -> Iterator[Monitored]:
    """Once it says where to look. ``rays`` is the folder that Ray was given for its files, that of
    the config if none is named; ``path`` is looked through for programs first."""
    ports = free_port(), free_port()
    command = [script("windsock"), "monitor", str(config), "--port", str(ports[0])]
    environment = {**os.environ, "RAY_TMPDIR": str(rays or config.parent)}
    environment["PATH"] = (
        f"{path}{os.pathsep}{environment['PATH']}" if path else environment["PATH"]
    )
    log = config.with_name("monitor.log")
    with log.open("wb") as output:
        process = psutil.Popen(
            [*command, "--dashboards-port", str(ports[1]), *arguments],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    prometheus, dashboards = (f"http://127.0.0.1:{port}" for port in ports)
    found = Monitored(process, prometheus, dashboards, log)
    try:
        wait_until(lambda: "Ctrl-C" in said(found), "it says where to look", 90)
        yield found
    finally:
        for one in (*found.children, process) if process.is_running() else ():
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()


def said(monitor: Monitored) -> str:
    text = monitor.log.read_text()
    assert monitor.process.poll() is None or "Ctrl-C" in text, text
    return text
