"""`windsock up`: a config file served, until interrupted."""

from pathlib import Path
from typing import Annotated

import typer


def up(
    config: Annotated[Path, typer.Argument(help="a Serve config file")] = Path("serve_config.yaml"),
    verbose: Annotated[
        bool, typer.Option("--verbose", help="show what Ray prints, instead of keeping it in a log")
    ] = False,
) -> None:
    """Serve a config file, until interrupted."""
    from app.start.launch import launch

    raise typer.Exit(launch(config, verbose=verbose))
