"""`windsock replay`: a day of the past, played through the service that runs."""

from datetime import datetime
from math import inf
from pathlib import Path
from typing import Annotated

import typer

_WHAT = "What is played"
_HOW = "How"


def replay(
    config: Annotated[
        Path, typer.Argument(help="the config file of the service, which runs")
    ] = Path("serve_config.yaml"),
    *,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="or the source's own choice", rich_help_panel=_WHAT
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="where the clock is to stop, in UTC",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="ask for so many alone", rich_help_panel=_WHAT)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="a Python module, and not the config's", rich_help_panel=_WHAT),
    ] = None,
    speed: Annotated[
        float, typer.Option(help="replayed seconds a second", rich_help_panel=_HOW)
    ] = 300.0,
    repeat: Annotated[
        int, typer.Option(min=1, help="ask for each so many times", rich_help_panel=_HOW)
    ] = 1,
    loop: Annotated[
        bool,
        typer.Option("--loop/--once", help="the day again and again", rich_help_panel=_HOW),
    ] = False,
    feedback: Annotated[
        bool,
        typer.Option("--feedback/--no-feedback", help="send outcomes back", rich_help_panel=_HOW),
    ] = True,
    url: Annotated[
        str | None,
        typer.Option(help="of the service, where it is not the config's", rich_help_panel=_HOW),
    ] = None,
    metrics: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="a port for Prometheus", rich_help_panel=_HOW),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="a JSON object at the end", rich_help_panel=_HOW)
    ] = False,
    rewind: Annotated[
        bool,
        typer.Option("--rewind", help="put store and clock back to where the config has them"),
    ] = False,
) -> None:
    """Play a day of the past through the service that runs.

    The clock runs, features are pushed as they became known, predictions are asked for, and their
    outcomes return. It exits with 1 where any request failed. Where it ends, store and clock stay.
    """
    from dataclasses import replace

    from app.start.address import ConfigError

    if not 0 < speed < inf:
        raise typer.BadParameter("must be some number above 0", param_hint="--speed")
    try:
        import windsock  # noqa: F401
    except ImportError as error:
        typer.echo("it asks by the Python client: pip install windsock-client", err=True)
        raise typer.Exit(2) from error
    from app.observability.replay.player import Wanted
    from app.observability.replay.run import run, run_rewind
    from app.observability.replay.service import service

    try:
        found = service(config, source)
    except (ConfigError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    folder = str(config.parent.resolve())
    if rewind:
        raise typer.Exit(run_rewind(found, folder))
    wanted = Wanted(
        config_folder=folder,
        day=day.date().isoformat() if day else None,
        until=until.isoformat() if until else None,
        limit=limit,
        speed=speed,
        repeat=repeat,
        feedback=feedback,
        loop=loop,
    )
    at = replace(found, url=url) if url else found
    raise typer.Exit(run(at, wanted, as_json=as_json, metrics_port=metrics))
