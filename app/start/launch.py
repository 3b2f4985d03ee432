"""Serves a config file: shows how far it is, where to look once it serves, or why it cannot."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from app.start.address import DASHBOARD, ConfigError, Target
from app.start.dashboard import address_in, applications
from app.start.environment import beside_another, overridden, ray_environment
from app.start.failure import failure
from app.start.serve_run import ServeRun, script, serve_run
from app.start.steps import Steps, steps
from app.start.welcome import welcome

_POLL_S = 0.25
_LINES = 15

console = Console(stderr=True, highlight=False, soft_wrap=True)
Log = IO[bytes] | None


class DeployFailed(Exception):
    """Serve gave the application up; the message says why."""


def launch(config: Path, *, verbose: bool = False) -> int:
    """Serve until interrupted: 0 after that, 1 where the graph could not start or its server ended
    by itself. What Ray prints goes to a log file that is named; ``verbose`` shows it instead."""
    for which in (signal.SIGINT, signal.SIGTERM):  # which `serve run` would inherit as ignored
        signal.signal(which, signal.default_int_handler)
    # This machine is asked: no proxy that the environment names could reach it.
    with httpx.Client(timeout=5.0, trust_env=False) as client, ExitStack() as running:
        try:
            with steps(console, live=not verbose) as shown:
                shown.show(f"Checking {config}")
                targets = _checked(config)
                _refuse_taken(client, targets)
                log = running.enter_context(_log(verbose))
                environment = _environment()
                if taken := beside_another(environment):
                    raise ConfigError(taken)
                run = running.enter_context(serve_run(config, environment, log, _stopping))
                _wait_until_ready(client, targets, run, log, shown)
        except (ConfigError, DeployFailed) as error:
            return _complain("cannot start", error)
        if run.going:
            title, text = welcome(client, targets, _dashboard(log), log.name if log else None)
            console.rule(f"[bold green]{escape(title)}")
            console.print(text, markup=False)
        status = run.wait()
        if status and not run.interrupted:
            _show_end(log)
            _complain("has ended", f"`serve run` ended with status {status}")
        return int(status != 0)


def _checked(config: Path) -> list[Target]:
    """Where the file will answer, if nothing is wrong with it. Raises ConfigError."""
    # By another process, since Serve's schema and Feast would keep 250 MB in this one.
    command = [script("windsock"), "check", "--json", str(config)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, start_new_session=True
    )
    if not done.stdout:
        raise ConfigError(f"{config} could not be checked, see above")
    answer = json.loads(done.stdout)
    if done.returncode:
        raise ConfigError(answer["error"])
    return [Target(**one) for one in answer["applications"]]


def _refuse_taken(client: httpx.Client, targets: list[Target]) -> None:
    """Refuse addresses at which another graph may answer already: HAProxy would share its ports,
    and clients of one would be answered by the other. Raises ConfigError."""
    ours = (os.environ.get("RAY_ADDRESS") or "local") == "local"  # or a cluster that runs already
    for target in targets:
        taken = [target.url] if _answers(client, target) else []
        if ours:
            taken += filter(_connects, filter(None, (target.url, target.fast_lane, target.grpc)))
        if taken:
            raise ConfigError(
                f"something answers at {taken[0]} already: stop it, or change the port"
            )


def _connects(where: str) -> bool:
    at = urlsplit(where if "://" in where else f"//{where}")
    with suppress(OSError), socket.create_connection((at.hostname, at.port), timeout=1):
        return True
    return False


@contextmanager
def _log(verbose: bool) -> Iterator[Log]:
    """A file for what Ray prints, which stays; None to show it."""
    if verbose:
        yield None
        return
    prefix = f"windsock-{datetime.now():%Y%m%dT%H%M%S}-"
    with tempfile.NamedTemporaryFile(prefix=prefix, suffix=".log", delete=False) as file:
        console.print(f"What Ray prints goes to {file.name}", markup=False)
        yield file


def _environment() -> dict[str, str]:
    """Ray's, save for what whoever starts this has set otherwise."""
    ours = ray_environment()
    own = overridden(ours, os.environ)
    if own:
        settings = ", ".join(f"{name}={value}" for name, value in own.items())
        console.print(f"As your environment has it: {settings}", markup=False)
    return {**ours, **os.environ}


def _wait_until_ready(
    client: httpx.Client, targets: list[Target], run: ServeRun, log: Log, shown: Steps
) -> None:
    """Until all answer, it ends, or is told to. Raises DeployFailed."""
    waiting = list(targets)
    while run.going and waiting:
        told = applications(client, _dashboard(log))
        for target in waiting:
            application = told.get(target.app, {})
            if application.get("status") == "DEPLOY_FAILED":
                raise DeployFailed(failure(application))
        waiting = [one for one in waiting if not _ready(client, one, told.get(one.app, {}))]
        if waiting:
            shown.show(_step(waiting[0].app, told.get(waiting[0].app, {})))
            time.sleep(_POLL_S)


def _dashboard(log: Log) -> str:
    """Where that of this cluster is: another's may have its usual port."""
    said = address_in(Path(log.name).read_text(errors="replace")) if log else None
    return said or DASHBOARD


def _step(app: str, application: Mapping[str, Any]) -> str:
    if not application:
        return "Starting Ray Serve"
    deployments = application.get("deployments", {}).values()
    up = sum(one["status"] == "HEALTHY" for one in deployments)
    done = f": {up} of {len(deployments)} deployments are up" if deployments else ""
    return f"Starting {app}{done}"


def _ready(client: httpx.Client, target: Target, application: Mapping[str, Any]) -> bool:
    """Of one that is another's only Serve knows."""
    if target.graph:
        return _answers(client, target)
    return bool(application.get("status") == "RUNNING")


def _answers(client: httpx.Client, target: Target) -> bool:
    try:
        return client.get(f"{target.url}/health/ready").is_success
    except httpx.HTTPError:
        return False


def _stopping() -> None:
    console.print("\nStopping Ray, which takes some seconds (Ctrl-C again kills it)")


def _complain(what: str, problem: Exception | str) -> int:
    console.print(f"\n[bold red]Windsock {what}:[/] {escape(str(problem))}")
    return 1


def _show_end(log: Log) -> None:
    """The last lines of what Ray printed, unless they are on the terminal already."""
    if log:
        lines = Path(log.name).read_text(errors="replace").splitlines()
        console.print(f"\nThe end of {log.name}:", markup=False)
        console.print(Text.from_ansi("\n".join(lines[-_LINES:])))
