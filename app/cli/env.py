"""`windsock env`: Ray's environment, for those who start Ray themselves."""

import json
from typing import Annotated

import typer

from app.start.environment import exports, ray_environment


def env(
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Print the environment for Ray, as lines for a shell.

    eval "$(windsock env)" gives Ray that you start yourself what `windsock up` gives it.
    """
    environment = ray_environment()
    typer.echo(json.dumps(environment) if as_json else "\n".join(exports(environment)))
