"""What Serve tells of its applications while they serve, and what of it is news."""

from collections.abc import Callable, Mapping
from typing import Any

from app.start.failure import failure

Health = Callable[[str], Mapping[str, Any]]
"""What an application tells of its health; empty where it does not answer."""

_SILENT = 5


class ShutDown(Exception):
    """Serve was told to end by somebody else."""


class Applications:
    """Those of a run that serves. ``say`` takes a line on each change."""

    def __init__(self, say: Callable[[str], object], health: Health) -> None:
        self._say = say
        self._health = health
        self._told: dict[str, Mapping[str, Any]] = {}
        self._silent = 0
        self._begun = False

    def tell(self, details: Mapping[str, Any]) -> None:
        """Of what the dashboard tells (empty where it does not answer) say what has changed. Raises
        ShutDown."""
        if not details:
            self._silent += 1
            if self._silent == _SILENT:
                self._say("Ray's dashboard does not answer: what serves goes on, unseen")
            return
        if self._silent >= _SILENT:
            self._say("Ray's dashboard answers again")
        self._silent = 0
        if not details.get("controller_info"):
            raise ShutDown("Serve was shut down beside it, by `serve shutdown`")
        told = details.get("applications") or {}
        if self._begun:
            for name in self._told.keys() - told.keys():
                self._say(f"{name} is no longer deployed")
            for name, application in told.items():
                self._compare(name, self._told.get(name, {}), application)
        self._begun = self._begun or bool(told)
        self._told = dict(told)

    def _compare(self, name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        was, status = before.get("status"), now.get("status")
        anew = _deployed(before) != _deployed(now)
        if status == was and not anew:
            return
        if status == "DEPLOY_FAILED":
            self._say(self._refused(name, failure(now)))
        elif status == "UNHEALTHY":
            self._say(f"{name} is unhealthy: {failure(now)}")
        elif status == "RUNNING":
            updated = anew or was == "DEPLOYING"
            self._say(self._updated(name) if updated else f"{name}: it is whole again")
        elif status == "DEPLOYING":
            self._say(f"{name} is being {'updated' if before else 'deployed'}")

    def _updated(self, name: str) -> str:
        # Replicas that refuse a version serve the one before, which Serve takes for an update.
        problem = self._health(name).get("problem")
        return f"{name}: what was deployed serves" if not problem else f"{name} serves: {problem}"

    def _refused(self, name: str, why: str) -> str:
        serves = "the old one serves" if self._health(name) else "and nothing serves"
        return f"{name}: what was deployed was refused, {serves}: {why}"


def _deployed(application: Mapping[str, Any]) -> object:
    return application.get("last_deployed_time_s")
