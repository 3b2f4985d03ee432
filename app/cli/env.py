"""`windsock env`: Ray's environment, for those who start Ray themselves."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.start.environment import exports, ray_environment, second_cluster


def env(
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
    beside: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=64_000,
            help="for a graph beside another on this machine: the first of 1,100 ports of its own",
        ),
    ] = None,
) -> None:
    """Print the environment for Ray, as lines for a shell.

    eval "$(windsock env)" gives Ray that you start yourself what `windsock up` gives it.
    """
    environment = ray_environment()
    if beside:
        folder = Path(tempfile.gettempdir(), f"windsock-{beside}")
        environment |= second_cluster(beside, folder)
    typer.echo(json.dumps(environment) if as_json else "\n".join(exports(environment)))
