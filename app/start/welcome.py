"""What to do with a graph that has started."""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from app.start.address import Target


def welcome(
    client: httpx.Client, targets: Sequence[Target], dashboard: str, log: str | None
) -> tuple[str, str]:
    """A title, and lines that say how to try each application and where to look, by what it tells
    of itself."""
    titles: list[str] = []
    blocks: list[dict[str, str | None]] = []
    for target in targets:
        title, lines = _of_graph(client, target) if target.graph else (target.app, {})
        titles.append(title)
        blocks.append(lines or {"Address": target.url})
    blocks[-1] |= {
        "Ray dashboard": f"{dashboard} (it asks for a token: `ray get-auth-token` prints it)",
        "Logs": " and ".join(filter(None, (log, _logs_of_serve()))),
    }
    told = "\n\n".join(
        "\n".join(f"{name:<14} {text}" for name, text in lines.items() if text) for lines in blocks
    )
    verb = "is" if len(titles) == 1 else "are"
    return f"{' and '.join(titles)} {verb} up", f"\n{told}\n\nCtrl-C stops everything.\n"


def _of_graph(client: httpx.Client, target: Target) -> tuple[str, dict[str, str | None]]:
    document = client.get(f"{target.url}/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example = shlex.quote(json.dumps(body["example"]))
    url = f"'{target.url}/predict'" if "[" in target.url else f"{target.url}/predict"
    return document["info"]["title"], {
        "Try it": f"curl {url} -H 'content-type: application/json'{_key(target)} -d {example}",
        "Auth": None if target.auth else "off: whoever reaches a door may ask for everything",
        "Swagger page": f"{target.url}/docs",
        "Fast lane": target.fast_lane and f"{target.fast_lane}, the same without Ray's proxy",
        "gRPC": target.grpc and f"{target.grpc}, the Open Inference Protocol",
        "Problem": client.get(f"{target.url}/health").json().get("problem"),
    }


def _key(target: Target) -> str:
    """What brings a key along, without showing it: the terminal's history is no place for one."""
    if not target.auth:
        return ""
    key = f"$(cat {shlex.quote(target.key)})" if target.key else "$WINDSOCK_KEY"
    return f' -H "authorization: Bearer {key}"'


def _logs_of_serve() -> str:
    """The folder in which Serve's own processes log, where Ray has it by default."""
    system = "/tmp" if sys.platform == "darwin" else tempfile.gettempdir()
    folder = Path(os.environ.get("RAY_TMPDIR", system), "ray/session_latest/logs/serve")
    return str(folder) if folder.is_dir() else ""
