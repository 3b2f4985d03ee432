"""`windsock check`: what a config file would fail with, without starting it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def _resources(text: str) -> dict[str, float]:
    """CPU=8,GPU=1 as numbers by name."""
    try:
        pairs = (part.split("=") for part in text.split(","))
        return {name: float(amount) for name, amount in pairs}
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not of the form CPU=8,GPU=1") from error


def check(
    config: Annotated[Path, typer.Argument(help="a Serve config file")] = Path("serve_config.yaml"),
    node: Annotated[
        list[str] | None,
        typer.Option(help="check room for the graph, on a node of CPU=8,GPU=1; once for each node"),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="as one JSON object: addresses and problems, or the error"),
    ] = False,
    local_key: Annotated[
        bool,
        typer.Option("--local-key", help="make a key of the local user's where there is none"),
    ] = False,
) -> None:
    """Say what a config file would fail with, without starting it.

    Checked are its keys and values, the user_config of each deployment, the bundle with its
    checksums, the feature registry against the bundle, and the ports of all doors. With what is
    told as a problem it can serve.
    """
    nodes = [_resources(text) for text in node or ()]

    from app.start import config_file
    from app.start.address import ConfigError
    from app.start.preflight import GraphRefused

    try:
        checked = config_file.check(config, nodes, local_key=local_key)
    except (ConfigError, GraphRefused) as error:
        typer.echo(json.dumps({"error": str(error)}) if as_json else str(error), err=not as_json)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(asdict(checked)))
        return
    where = " and ".join(f"{one.app} would answer at {one.url}" for one in checked.applications)
    typer.echo(f"{config} is sound: {where}")
    for code in checked.code:
        typer.echo(code)
    for problem in checked.problems:
        typer.echo(f"problem: {problem}")
