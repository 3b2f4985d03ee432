"""What to do with a graph that has started."""

import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

import httpx

from app.start.address import DASHBOARD, Target


def welcome(client: httpx.Client, target: Target, log: str | None) -> tuple[str, str]:
    """A title, and lines that say how to try it and where to look, by what it tells of itself."""
    document = client.get(f"{target.url}/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example = shlex.quote(json.dumps(body["example"]))
    logs = " and ".join(filter(None, (log, _logs_of_serve())))
    lines = {
        "Try it": f"curl {target.url}/predict -H 'content-type: application/json' -d {example}",
        "Swagger page": f"{target.url}/docs",
        "Fast lane": target.fast_lane and f"{target.fast_lane}, the same without Ray's proxy",
        "gRPC": target.grpc and f"{target.grpc}, the Open Inference Protocol",
        "Ray dashboard": f"{DASHBOARD} (it asks for a token: `ray get-auth-token` prints it)",
        "Logs": logs,
    }
    told = "\n".join(f"{name:<14} {text}" for name, text in lines.items() if text)
    return f"{document['info']['title']} is up", f"\n{told}\n\nCtrl-C stops everything.\n"


def _logs_of_serve() -> str:
    """The folder in which Serve's own processes log, where Ray has it by default."""
    system = "/tmp" if sys.platform == "darwin" else tempfile.gettempdir()
    folder = Path(os.environ.get("RAY_TMPDIR", system), "ray/session_latest/logs/serve")
    return str(folder) if folder.is_dir() else ""
