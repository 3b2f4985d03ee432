"""Ray's dashboard, asked for what Serve runs."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from app.start.address import DASHBOARD


def dashboard_address() -> str:
    """Where that of this machine is asked, unless Ray has told otherwise: as Ray's own commands
    have it."""
    return os.environ.get("RAY_DASHBOARD_ADDRESS") or DASHBOARD


class Dashboard:
    """One that is asked again and again. ``say`` takes a line where it does not answer, or answers
    again."""

    def __init__(self, client: httpx.Client, address: str, say: Callable[[str], object]) -> None:
        self._client = client
        self._address = address
        self._say = say
        self._answers = True

    def details(self) -> dict[str, Any]:
        """All that it tells of Serve, empty while it does not answer."""
        details = serve_details(self._client, self._address)
        if bool(details) != self._answers:
            self._answers = bool(details)
            self._say(
                f"Ray's dashboard answers again at {self._address}"
                if self._answers
                else f"Ray's dashboard does not answer at {self._address}: Ray prints where it is "
                "when it starts, name it by --dashboard or RAY_DASHBOARD_ADDRESS"
            )
        return details


def applications(client: httpx.Client, dashboard: str) -> dict[str, Any]:
    """Each application of the cluster by name, empty while the dashboard does not answer."""
    told: dict[str, Any] = serve_details(client, dashboard).get("applications", {})
    return told


def ports_of_serve(client: httpx.Client, dashboard: str) -> set[int]:
    """The ports of the doors of what Serve runs, none where it runs nothing."""
    told = serve_details(client, dashboard)
    running = told.get("applications") or {}
    if not running:
        return set()
    doors = [told.get("http_options"), told.get("grpc_options")]
    doors += [fast_lane_of(application) for application in running.values()]
    return {int(door["port"]) for door in doors if door and door.get("port")}


def fast_lane_of(application: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the fast lane of an application, as the dashboard tells of it; empty where
    it has none."""
    config = application.get("deployed_app_config") or {}
    settings: dict[str, Any] = (config.get("args") or {}).get("fast_lane") or {}
    return settings


def serve_details(client: httpx.Client, dashboard: str) -> dict[str, Any]:
    """All that it tells of Serve; empty while it does not answer."""
    try:
        answer = client.get(f"{dashboard}/api/serve/applications/", headers=auth())
        answer.raise_for_status()
        told = answer.json()
    except (httpx.HTTPError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def auth() -> dict[str, str]:
    """The header with Ray's token for its dashboard: a local cluster makes one at its first
    start."""
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    if not token and path.is_file():
        token = path.read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}
