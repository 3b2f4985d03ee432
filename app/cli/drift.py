"""`windsock drift`: whether served rows are still distributed as those of training were."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.fail import fail

if TYPE_CHECKING:
    from app.config import GraphArgs


def drift(
    config: Annotated[Path, typer.Argument(help="the config of the service")] = Path(
        "serve_config.yaml"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, with the counts")] = False,
) -> None:
    """Compare the newest rows that were served on this machine with the training of their model.

    It exits with 1 where a column or an output drifts: further from training than by chance, and
    than the config tolerates.
    """
    from app.observability.drift.comparison import Comparisons
    from app.observability.drift.table import document, table

    args = _watched(config)
    assert args.observability.drift is not None
    try:
        compared = Comparisons(args.observability.drift, args.model.bundles).now()
    except Exception as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps(document(compared)))
    elif not compared:
        typer.echo("no rows have been counted yet, or their bundles have no reference.json")
    else:
        from rich.console import Console

        for model, one in compared.items():
            Console().print(table(model, one))
    raise typer.Exit(1 if any(one.drifting for one in compared.values()) else 0)


def _watched(config: Path) -> "GraphArgs":
    from app.start.address import ConfigError
    from app.start.config_file import graphs

    try:
        found = [args for args in graphs(config) if args.observability.drift is not None]
    except ConfigError as error:
        fail(error)
    if not found:
        fail(f"{config} looks for no drift: it has no `observability.drift`")
    return found[0]
