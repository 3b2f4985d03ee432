"""How a verb says that it cannot do what was asked."""

from typing import NoReturn

import typer


def fail(error: object) -> NoReturn:
    """In a line on standard error, with exit code 2."""
    typer.echo(str(error), err=True)
    raise typer.Exit(2)
