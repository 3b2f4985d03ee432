"""Waits until what was started answers, and watches it from then on."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from app.start.address import Target
from app.start.applications import Applications
from app.start.aside import aside
from app.start.dashboard import applications, serve_details
from app.start.failure import failure
from app.start.serve_run import ServeRun
from app.start.steps import Steps

_POLL_S = 0.25
_LOOK_S = 0.5
_ASK_S = 3.0


class DeployFailed(Exception):
    """Serve gave the application up; the message says why."""


def wait_until_ready(
    client: httpx.Client,
    targets: list[Target],
    run: ServeRun,
    dashboard: Callable[[], str | None],
    shown: Steps,
) -> None:
    """Until all answer, it ends, or is told to. ``dashboard`` gives its address once Ray has told
    it. Raises DeployFailed and CannotHeal."""
    waiting = list(targets)
    while run.going and waiting:
        run.look()
        where = dashboard()
        told = applications(client, where) if where else {}
        for target in waiting:
            application = told.get(target.app, {})
            if application.get("status") == "DEPLOY_FAILED":
                raise DeployFailed(failure(application))
        waiting = [one for one in waiting if not _ready(client, one, told.get(one.app, {}))]
        if waiting:
            shown.show(_step(waiting[0].app, told.get(waiting[0].app, {})))
            time.sleep(_POLL_S)


def watch(
    client: httpx.Client,
    targets: list[Target],
    run: ServeRun,
    dashboard: str,
    say: Callable[[str], object],
) -> None:
    """Say what changes, until it ends or is told to. Raises CannotHeal, and ShutDown where Serve
    was told to end by somebody else."""
    urls = {target.app: target.url for target in targets if target.graph}
    served = Applications(say, lambda name: _health(client, urls.get(name)))
    asked = -_ASK_S  # at once: what is deployed from now on is news
    asking: Future[Mapping[str, Any]] | None = None
    while run.going:
        run.look()
        if asking is None and time.monotonic() - asked > _ASK_S:
            # The dashboard is silent where a part has died that the next look is to tell of.
            asking = aside(partial(serve_details, client, dashboard))
        elif asking is not None and asking.done():
            served.tell(asking.result())
            asked, asking = time.monotonic(), None
        time.sleep(_LOOK_S)


def answers(client: httpx.Client, target: Target) -> bool:
    """Whether a graph serves there."""
    try:
        return client.get(f"{target.url}/health/ready").is_success
    except httpx.HTTPError:
        return False


def _health(client: httpx.Client, url: str | None) -> Mapping[str, Any]:
    """Of one that is not ours nothing is known."""
    if url:
        with suppress(httpx.HTTPError, ValueError):
            answer = client.get(f"{url}/health")
            if answer.is_success:
                return dict(answer.json())
    return {}


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
        return answers(client, target)
    return bool(application.get("status") == "RUNNING")
