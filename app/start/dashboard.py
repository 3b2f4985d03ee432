"""Ray's dashboard, asked for what Serve runs."""

import os
from pathlib import Path
from typing import Any

import httpx

from app.start.address import DASHBOARD


def applications(client: httpx.Client, dashboard: str = DASHBOARD) -> dict[str, Any]:
    """Each application of the cluster by name, empty while the dashboard does not answer."""
    try:
        answer = client.get(f"{dashboard}/api/serve/applications/", headers=_auth())
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()["applications"]
    except (httpx.HTTPError, ValueError, KeyError):
        return {}
    return told


def _auth() -> dict[str, str]:
    """Ray's token for its dashboard: a local cluster makes one at its first start."""
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    if not token and path.is_file():
        token = path.read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}
