"""What it costs to see everything: all that looks at the graph on, against all of it off, in one
run. Metrics are counted in both: there is no graph without."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import yaml
from typer import Option

from benchmarks.config import LayoutName
from benchmarks.paths import CONFIG
from benchmarks.runner import Publish, Quick, Rounds, Seconds
from benchmarks.samples import rate
from benchmarks.scenarios.switch import Switch

_SHARE = 0.01
_WARM_S = 20
"""By then works aside have imported what they need, and begun."""


def observability(
    *,
    layout: Annotated[LayoutName | None, Option(help="Only this one.")] = None,
    quick: Quick = False,
    rounds: Rounds = None,
    seconds: Seconds = None,
    publish: Publish = False,
) -> int:
    """All that looks at the graph on against all of it off, fast lane, 128 connections: rate."""
    rounds, seconds = rounds or (1 if quick else 5), seconds or 5
    with sink() as endpoint:

        def turn_on(config: dict[str, Any], _: Path) -> None:
            args = config["applications"][0]["args"]
            args["observability"] = everything(endpoint)

        switch = Switch(
            "observability",
            f"predictions and outcomes kept and joined, drift, skew, cost, traces and the log of "
            f"requests at {_SHARE:.0%}",
            turn_on,
            [("rate", rate, 0.92)],
            warm_s=_WARM_S,
        )
        return switch.measure(layout, rounds=rounds, seconds=seconds, publish=publish)


def everything(endpoint: str) -> dict[str, Any]:
    """The shipped settings, and what they leave off, as far as it is for production."""
    settings: dict[str, Any] = yaml.safe_load(CONFIG.read_text())["x-observability"]
    return settings | {
        "traces": {"endpoint": endpoint, "ratio": _SHARE},
        "request_log": {"directory": ".windsock/requests", "ratio": _SHARE},
    }


@contextmanager
def sink() -> Iterator[str]:
    """Takes spans, and does nothing with them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
