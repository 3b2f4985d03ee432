"""`windsock front` as a process: whatever ends it leaves no HAProxy."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest

from tests.support.serve import free_port, script
from tests.support.wait import wait_until

ENDS_S = 10.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short path, for sockets."""
    with TemporaryDirectory(prefix="front-") as name:
        yield Path(name)


@contextmanager
def front(
    port: int, folder: Path, prefix: str = ""
) -> Iterator[tuple[psutil.Popen, psutil.Process]]:
    """One that a shell has started after ``prefix``, whose cluster accepts connections and answers
    nothing, once its HAProxy answers; and that."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dashboard = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = f"{script('windsock')} front --listen 127.0.0.1:{port} --dashboard {dashboard}"
        with (folder / "front.log").open("ab") as log:
            process = psutil.Popen(
                ["bash", "-c", f"{prefix} exec {command}"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "TMPDIR": str(folder)},
            )
        haproxy = None
        try:
            wait_until(lambda: answers(port), "HAProxy answers")
            haproxy = next(one for one in process.children() if "haproxy" in one.name())
            yield process, haproxy
        finally:
            for one in filter(None, (process, haproxy)):
                with suppress(psutil.NoSuchProcess, ProcessLookupError):
                    one.kill()
            process.wait()


def gone(process: psutil.Process) -> bool:
    """A zombie is, whose new parent lets it wait."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def answers(port: int) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=1).status_code == 503
    return False


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_both_though_a_background_job_has_it_ignored(
    folder: Path, which: signal.Signals
) -> None:
    with front(free_port(), folder, f"trap '' {which.value};") as (process, haproxy):
        process.send_signal(which)
        assert process.wait(ENDS_S) == 0
        assert gone(haproxy)


def test_a_signal_ends_one_that_hangs(folder: Path) -> None:
    with front(free_port(), folder) as (process, haproxy):
        haproxy.suspend()
        process.terminate()
        assert process.wait(ENDS_S) == 0
        assert gone(haproxy)


@pytest.mark.parametrize("hangs", [False, True])
def test_one_that_is_killed_leaves_the_port_to_the_next(folder: Path, hangs: bool) -> None:
    port = free_port()
    with front(port, folder) as (process, haproxy):
        if hangs:
            haproxy.suspend()
        process.kill()
        process.wait()
        wait_until(lambda: gone(haproxy), "HAProxy is gone", ENDS_S)
        with front(port, folder) as (_, other):
            assert other != haproxy


def test_one_whose_port_is_taken_ends_with_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [script("windsock"), "front", "--listen", listen],
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "HAProxy has not started: see what it printed above"
