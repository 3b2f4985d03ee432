"""Runs ``serve run`` on a config file, says where to look once it serves, or why it cannot.

python -m app.start.launch serve_config.yaml
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.markup import escape

from app.start.address import ConfigError, Target
from app.start.dashboard import DASHBOARD, applications
from app.start.environment import overridden, ray_environment

_POLL_S = 0.5

console = Console(stderr=True, highlight=False, soft_wrap=True)
Process = subprocess.Popen[bytes]


class DeployFailed(Exception):
    """Serve gave the application up; the message says why."""


def main() -> int:
    """Serve until interrupted; 0 after a clean end, 1 where the graph could not start."""
    parser = argparse.ArgumentParser(prog="python -m app.start.launch", description=__doc__)
    parser.add_argument("config", type=Path, help="a Serve config file")
    config = parser.parse_args().config
    try:
        target = _read(config)
    except ConfigError as error:
        return _complain(error)
    if _ready(target):
        return _complain(f"something answers at {target.url} already: stop it, or change the port")
    command = [str(Path(sys.executable).with_name("serve")), "run", str(config)]
    started = subprocess.Popen(command, env=_environment(), start_new_session=True)
    with _interrupts_passed_on(started) as serve:
        try:
            _wait_until_ready(target, serve)
            if serve.poll() is None:
                _welcome(target)
            return serve.wait()
        except DeployFailed as error:
            return _complain(error)
        finally:
            if serve.poll() is None:
                serve.send_signal(signal.SIGINT)
                serve.wait()


def _read(config: Path) -> Target:
    """Check the file and say where it will answer. Raises ConfigError."""
    # By another process, since Serve's schema would keep 180 MB in this one.
    command = [sys.executable, "-m", "app.start.config_file", str(config)]
    read = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if read.returncode:
        raise ConfigError(read.stdout.strip() or "its config file could not be read")
    return Target(**json.loads(read.stdout))


def _environment() -> dict[str, str]:
    """Ray's, save for what whoever starts this has set otherwise."""
    ours = ray_environment()
    own = overridden(ours, os.environ)
    if own:
        settings = ", ".join(f"{name}={value}" for name, value in own.items())
        console.print(f"As your environment has it: {settings}", markup=False)
    return {**ours, **os.environ}


@contextmanager
def _interrupts_passed_on(serve: Process) -> Iterator[Process]:
    """Hand Ctrl-C and SIGTERM to ``serve run`` as the SIGINT on which it ends its cluster.

    It does not end on SIGTERM, and it spins for ever once its cluster is gone, so it must be
    the one that is told. While it looks for a cluster that is gone it hears nothing: a second
    signal kills it.
    """
    told = False

    def pass_on(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        if serve.poll() is None:
            serve.send_signal(signal.SIGKILL if told else signal.SIGINT)
        told = True

    before = {which: signal.signal(which, pass_on) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield serve
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


def _wait_until_ready(target: Target, serve: Process) -> None:
    with httpx.Client(timeout=5.0) as client, console.status("Starting Ray Serve") as status:
        while serve.poll() is None:
            state, message = _state(client, target.app)
            if state == "DEPLOY_FAILED":
                raise DeployFailed(_reason(message))
            if _ready(target):
                return
            if state:
                status.update(f"Starting Ray Serve: {target.app} is {state.lower()}")
            time.sleep(_POLL_S)


def _state(client: httpx.Client, app: str) -> tuple[str, str]:
    """Status and message of the application, empty until the dashboard knows it."""
    application = applications(client).get(app, {})
    return application.get("status", ""), application.get("message", "")


def _ready(target: Target) -> bool:
    try:
        return httpx.get(f"{target.url}/health/ready", timeout=5.0).is_success
    except httpx.HTTPError:
        return False


def _reason(message: str) -> str:
    """The last line of a traceback is the exception; the rest is in Serve's log."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("For further information")]
    return lines[-1] if lines else "the deployment failed; see Serve's log"


def _complain(error: Exception | str) -> int:
    console.print(f"\n[bold red]Windsock cannot start:[/] {escape(str(error))}")
    return 1


def _welcome(target: Target) -> None:
    document = httpx.get(f"{target.url}/openapi.json", timeout=10.0).json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example = shlex.quote(json.dumps(body["example"]))
    console.rule(f"[bold green]{escape(document['info']['title'])} is up")
    fast_lane = f"Fast lane      {target.fast_lane}, the same without Ray's proxy\n"
    grpc = f"gRPC           {target.grpc}, the Open Inference Protocol\n"
    console.print(
        f"""
Try it         curl {target.url}/predict -H 'content-type: application/json' -d {example}
Swagger page   {target.url}/docs
{fast_lane if target.fast_lane else ""}{grpc if target.grpc else ""}\
Ray dashboard  {DASHBOARD} (it asks for a token: `ray get-auth-token` prints it)

Ctrl-C stops everything.
""",
        markup=False,
    )


if __name__ == "__main__":
    sys.exit(main())
