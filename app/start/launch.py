"""Serves a config file: shows how far it is, where to look once it serves, or why it cannot."""

import json
import os
import signal
import subprocess
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from app.config_folder import FOLDER
from app.start.address import ConfigError, Target
from app.start.applications import ShutDown
from app.start.dashboard import dashboard_address
from app.start.document import load
from app.start.environment import overridden, ray_environment
from app.start.parts import CannotHeal
from app.start.record import Record, folder, left
from app.start.serve_log import ServeLog, serve_log
from app.start.serve_run import script, serve_run
from app.start.serving import DeployFailed, answers, wait_until_ready, watch
from app.start.signals import heard
from app.start.steps import steps
from app.start.surroundings import check_machine, claimed_doors
from app.start.welcome import welcome

_GRACE_S = 2.0
_LINES = 15

console = Console(stderr=True, highlight=False, soft_wrap=True)


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
            shown.show(f"Checking {config}")
            document, environment = load(config), _environment(config.resolve().parent)
            check_machine(environment)
            records = folder()
            _end_left(records)
            running.enter_context(claimed_doors(document, environment))
            targets = _checked(config)
            _refuse_answering(client, targets)
            log = running.enter_context(serve_log(show=verbose))
            if not verbose:
                console.print(f"What Ray prints goes to {log.path}", markup=False)
            record = Record(records, config)
            run = running.enter_context(serve_run(config, environment, log.output, record, say))
            wait_until_ready(client, targets, run, lambda: log.dashboard, shown)
        if run.going:
            run.serves = True
            title, text = welcome(client, targets, _dashboard(log), str(log.path))
            console.rule(f"[bold green]{escape(title)}")
            console.print(text, markup=False)
        watch(client, targets, run, _dashboard(log), say)
        status = run.status
    if run.killed_by:
        return 128 + run.killed_by
    if run.interrupted or status is None:
        return 0
    if status >= 0:
        if not verbose:
            _show_end(log)
        return _complain("has ended", f"`serve run` ended by itself, with status {status}")
    name = signal.Signals(-status).name
    hint = (
        ": where nobody did that, the kernel did, for want of memory" if name == "SIGKILL" else ""
    )
    return _complain("has ended", f"`serve run` was killed ({name}){hint}")


def _checked(config: Path) -> list[Target]:
    """Where the file will answer, with a key to ask it, if nothing is wrong with it; code that
    bundles bring is named. Raises ConfigError."""
    # By another process, since Serve's schema and Feast would keep 250 MB in this one.
    command = [script("windsock"), "check", "--json", "--local-key", str(config)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, start_new_session=True
    )
    if not done.stdout:
        raise ConfigError(f"{config} could not be checked, see above")
    answer = json.loads(done.stdout)
    if done.returncode:
        raise ConfigError(answer["error"])
    for code in answer["code"]:
        console.print(code, markup=False)
    return [Target(**one) for one in answer["applications"]]


def _refuse_answering(client: httpx.Client, targets: list[Target]) -> None:
    """Refuse addresses at which another graph answers, on whichever machine the cluster is: clients
    of one would be answered by the other. Raises ConfigError."""
    for target in targets:
        if answers(client, target):
            raise ConfigError(
                f"something answers at {target.url} already: stop it, or change the port"
            )


def _environment(folder: Path) -> dict[str, str]:
    """Ray's, save for what whoever starts this has set otherwise, with the config file's folder."""
    ours = ray_environment()
    own = overridden(ours, os.environ)
    if own:
        settings = ", ".join(f"{name}={value}" for name, value in own.items())
        console.print(f"As your environment has it: {settings}", markup=False)
    return {**ours, **os.environ, FOLDER: str(folder)}


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


def _dashboard(log: ServeLog) -> str:
    """Where that of this cluster is: another's may have its usual port."""
    return log.dashboard or dashboard_address()


def say(line: str) -> None:
    """What is served goes on though nobody can hear it: rich would exit where a pipe is broken."""
    with suppress(OSError, SystemExit):
        console.print(f"{datetime.now():%H:%M:%S}  {line}", markup=False)


def _complain(what: str, problem: Exception | str) -> int:
    console.print(f"\n[bold red]Windsock {what}:[/] {escape(str(problem))}")
    return 1


def _show_end(log: ServeLog) -> None:
    """The last lines of what Ray printed."""
    console.print(f"\nThe end of {log.path}:", markup=False)
    console.print(Text.from_ansi(log.end(_LINES)))
