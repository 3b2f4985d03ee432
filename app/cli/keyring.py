"""`windsock keyring`: the keys by which journals and bundles are encrypted on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

keyring = typer.Typer(
    help="Keys by which journals and bundles are encrypted on disk.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

KeyringPath = Annotated[
    Path, typer.Argument(help="the keyring's file; keep a copy where the data are not")
]


@keyring.command()
def create(path: KeyringPath) -> None:
    """Make a keyring of one key, which only its owner may read."""
    from deployments.keyring import create as made

    with _errors_told():
        typer.echo(f"{path} is made, with the key {made(path).primary}")


@keyring.command()
def rotate(path: KeyringPath) -> None:
    """Add a key, for all that is written from now on.

    The others stay, since they open what is there. Replicas read the file when they start.
    """
    from deployments.keyring import rotate as rotated

    with _errors_told():
        typer.echo(f"{path} has a new primary key, {rotated(path).primary}")


@keyring.command("list")
def names(path: KeyringPath) -> None:
    """Print the names of its keys, and which of them encrypts what is new."""
    from deployments.keyring import Keyring

    with _errors_told():
        ring = Keyring.read(path)
        for name in ring.keys:
            typer.echo(f"{name}  primary" if name == ring.primary else name)


@contextmanager
def _errors_told() -> Iterator[None]:
    from deployments.keyring import KeyringError

    try:
        yield
    except (KeyringError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
