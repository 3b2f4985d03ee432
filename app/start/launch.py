"""Serves a config file: shows how far it is, where to look once it serves, or why it cannot."""

import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from app.start.address import DASHBOARD, ConfigError, Target
from app.start.applications import ShutDown
from app.start.dashboard import address_in
from app.start.environment import beside_another, overridden, ray_environment
from app.start.parts import CannotHeal
from app.start.record import Record, folder, left
from app.start.serve_run import script, serve_run
from app.start.serving import DeployFailed, answers, wait_until_ready, watch
from app.start.signals import heard
from app.start.steps import steps
from app.start.welcome import welcome

_GRACE_S = 2.0
_LINES = 15

console = Console(stderr=True, highlight=False, soft_wrap=True)
Log = IO[bytes] | None


def launch(config: Path, *, verbose: bool = False) -> int:
    """Serve until told to end: 0 after that, with all that was started; 1 where the graph could not
    start, or something died that nothing brings back; 128 and its number where a second signal
    ended all at once. What Ray prints goes to a log file that is named; ``verbose`` shows it."""
    # This machine is asked: no proxy that the environment names could reach it.
    with (
        heard(signal.default_int_handler),
        suppress(KeyboardInterrupt),
        httpx.Client(timeout=5.0, trust_env=False) as client,
    ):
        try:
            return _serve(client, config, verbose)
        except (ConfigError, DeployFailed) as error:
            return _complain("cannot start", error)
        except CannotHeal as error:
            return _complain("has ended", error)
        except ShutDown as error:
            console.print(f"\nWindsock has ended: {error}", markup=False)
    return 0


def _serve(client: httpx.Client, config: Path, verbose: bool) -> int:
    with ExitStack() as running:
        with steps(console, live=not verbose) as shown:
            records = folder()
            _end_left(records)
            shown.show(f"Checking {config}")
            targets = _checked(config)
            _refuse_taken(client, targets)
            log = running.enter_context(_log(verbose))
            environment = _environment()
            if taken := beside_another(environment):
                raise ConfigError(taken)
            record = Record(records, config)
            run = running.enter_context(serve_run(config, environment, log, record, say))
            wait_until_ready(client, targets, run, lambda: _dashboard(log), shown)
        if run.going:
            run.serves = True
            title, text = welcome(client, targets, _dashboard(log), log.name if log else None)
            console.rule(f"[bold green]{escape(title)}")
            console.print(text, markup=False)
        watch(client, targets, run, _dashboard(log), say)
        status = run.status
    if run.killed_by:
        return 128 + run.killed_by
    if run.interrupted or not status:
        return 0
    if status > 0:
        _show_end(log)
        return _complain("has ended", f"`serve run` ended with status {status}")
    return _complain(
        "has ended",
        f"`serve run` was killed ({signal.Signals(-status).name}): by the kernel, if by nobody "
        "else, for want of memory",
    )


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
        taken = [target.url] if answers(client, target) else []
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


def _end_left(records: Path) -> None:
    """End what runs have left whose launcher was killed. Raises ConfigError."""
    for one in left(records):
        say(
            f"An earlier run of {one.config} left {len(one.family.running())} processes when its "
            f"launcher (process {one.launcher}) was killed: ending them"
        )
        if held := one.family.end(_GRACE_S):
            raise ConfigError(f"process {held[0].pid} of that run does not end: end it yourself")
        one.path.unlink(missing_ok=True)


def _dashboard(log: Log) -> str:
    """Where that of this cluster is: another's may have its usual port."""
    said = address_in(Path(log.name).read_text(errors="replace")) if log else None
    return said or DASHBOARD


def say(line: str) -> None:
    """What is served goes on though nobody can hear it: rich would exit where a pipe is broken."""
    with suppress(OSError, SystemExit):
        console.print(f"{datetime.now():%H:%M:%S}  {line}", markup=False)


def _complain(what: str, problem: Exception | str) -> int:
    console.print(f"\n[bold red]Windsock {what}:[/] {escape(str(problem))}")
    return 1


def _show_end(log: Log) -> None:
    """The last lines of what Ray printed, unless they are on the terminal already."""
    if log:
        lines = Path(log.name).read_text(errors="replace").splitlines()
        console.print(f"\nThe end of {log.name}:", markup=False)
        console.print(Text.from_ansi("\n".join(lines[-_LINES:])))
