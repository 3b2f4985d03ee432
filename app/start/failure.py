"""Why Serve gave an application up."""

import re
from collections.abc import Mapping
from typing import Any

UPDATE_REFUSED = "the update was refused, the old one serves: "
"""What a reason begins with where something serves on."""

_WAITS = re.compile(r" This deployment will be UNHEALTHY until [^.]*\.")
_VALIDATION = re.compile(r"(.*) \[type=.*\]")
"""The second line that pydantic has for a field; the first is its name."""
_FAILED = ("DEPLOY_FAILED", "UNHEALTHY")


def failure(application: Mapping[str, Any]) -> str:
    """The last line of each traceback is the exception; the rest is in Serve's log. What Serve says
    of the application itself tells no more of a deployment that failed than its name."""
    failed = [
        f"{name}: {last}"
        for name, one in application.get("deployments", {}).items()
        if one.get("status") in _FAILED and (last := _last_line(one.get("message", "")))
    ]
    told = _last_line(application.get("message", ""))
    return "; ".join(failed) or told.removeprefix(UPDATE_REFUSED) or "the deployment failed"


def _last_line(message: str) -> str:
    # Of a replica that it replaces Serve says that it waits for somebody to deploy.
    message = _WAITS.sub("", message)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("For further information")]
    if len(lines) > 1 and (refused := _VALIDATION.fullmatch(lines[-1])):
        return f"{lines[-2]}: {refused[1]}"
    return lines[-1] if lines else ""
