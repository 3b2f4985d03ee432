"""`windsock audit`: what was answered, and whether the record of it is as it was written."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.fail import fail

if TYPE_CHECKING:
    from app.audit.search import Wanted
    from app.audit.settings import AuditSettings
    from app.config import GraphArgs

audit = typer.Typer(
    help="Verify, search and export the record of what was answered; erase a subject.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Config = Annotated[Path, typer.Option(help="the config of the service")]
At = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])]
_USUAL = Path("serve_config.yaml")


@audit.command()
def verify(
    config: Config = _USUAL,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="trust this key of seals, a PEM file, and not the service's own; often"),
    ] = None,
) -> None:
    """Say whether any record was altered, removed, reordered, cut off or forged, and up to when
    that is known. It exits with 1 where one was."""
    from app.journal.seal_places import seal_place
    from app.journal.signing import public_key as key_of
    from app.journal.signing import trusted_keys
    from app.journal.verification import verify as verified

    journal = _settings(config).journal
    try:
        keys = (
            [key_of(path.read_bytes()) for path in public_key]
            if public_key
            else trusted_keys(journal.seals)
        )
        report = verified(
            journal.directory,
            seal_place(journal.seals),
            keys,
            sealed_within_s=max(30.0, 3 * journal.seals.every_s),
        )
    except FileNotFoundError as error:
        fail(f"{error.filename} is not there" if error.filename else error)
    except Exception as error:
        fail(error)
    typer.echo(str(report))
    raise typer.Exit(0 if report.sound else 1)


@audit.command()
def search(
    *,
    config: Config = _USUAL,
    request: Annotated[str | None, typer.Option(help="of this request id")] = None,
    principal: Annotated[str | None, typer.Option(help="of this key or user")] = None,
    route: Annotated[str | None, typer.Option(help="/predict, for one")] = None,
    model: str | None = None,
    version: str | None = None,
    outcome: Annotated[str | None, typer.Option(help="answered, or an error's code")] = None,
    subject: Annotated[str | None, typer.Option(help="about this one: audit.personal")] = None,
    row: Annotated[str | None, typer.Option(help="for this row, as /predict takes it")] = None,
    since: At = None,
    until: At = None,
) -> None:
    """Print what was answered, a JSON object for each request. Instants are UTC."""
    import msgspec

    from app.audit.search import search as found

    settings, args = _audited(config, read=True)
    wanted = _wanted(
        args,
        settings,
        {
            **{"request": request, "principal": principal, "route": route, "outcome": outcome},
            **{"model": model, "version": version},
        },
        subject,
        row,
    )
    try:
        for entry in found(settings, wanted, _utc(since), _utc(until)):
            typer.echo(msgspec.json.encode(entry))
    except BrokenPipeError:
        # Whoever read has enough. What is left in the buffer would be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        fail(error)


@audit.command()
def export(
    to: Annotated[Path, typer.Argument(help="a Parquet file that is not there yet")],
    *,
    config: Config = _USUAL,
    principal: Annotated[str | None, typer.Option(help="of this key or user")] = None,
    model: str | None = None,
    version: str | None = None,
    since: At = None,
    until: At = None,
) -> None:
    """Write what was answered to a Parquet file, a line for each row. Instants are UTC."""
    from app.audit.export import export as written
    from app.audit.search import Wanted
    from app.audit.search import search as found

    if to.exists():
        fail(f"{to} is there already")
    settings, _ = _audited(config, read=True)
    wanted = Wanted(principal=principal, model=model, version=version)
    try:
        lines = written(found(settings, wanted, _utc(since), _utc(until)), to)
    except Exception as error:
        fail(error)
    typer.echo(f"{lines:,} rows in {to}")


@audit.command()
def erase(
    subject: Annotated[str, typer.Argument(help="as requests have it")],
    config: Config = _USUAL,
) -> None:
    """Destroy the key of a subject: no record tells any more that it is about this one, and the
    log verifies as before. Replicas that run forget the key within a second."""
    from app.audit.search import cells, subject_keys

    try:
        keys = subject_keys(_settings(config))
        gone = [keys.erase(cell) for cell in cells(subject)]
    except Exception as error:
        fail(error)
    typer.echo("erased" if any(gone) else "there was no key of this subject")
    raise typer.Exit(0 if any(gone) else 1)


def _wanted(
    args: "GraphArgs",
    settings: "AuditSettings",
    plain: dict[str, Any],
    subject: str | None,
    row: str | None,
) -> "Wanted":
    from app.audit.search import Wanted, about_subject, for_row

    if subject is not None and row is not None:
        fail("ask for a subject or for a row")
    try:
        about = None
        if subject is not None:
            about = about_subject(settings, subject)
        elif row is not None:
            about = for_row(settings, args.model.bundles, args.model.name, row.encode())
    except Exception as error:
        fail(error)
    return Wanted(**plain, about=about)


def _settings(config: Path) -> "AuditSettings":
    return _audited(config)[0]


def _audited(config: Path, *, read: bool = False) -> "tuple[AuditSettings, GraphArgs]":
    """``read``: there must be a journal already."""
    from app.start.address import ConfigError
    from app.start.config_file import graphs

    try:
        found = [args for args in graphs(config) if args.audit is not None]
    except ConfigError as error:
        fail(error)
    if not found or found[0].audit is None:
        fail(f"{config} records nothing: it has no `audit`")
    settings = found[0].audit
    if read and not settings.journal.directory.is_dir():
        fail(f"there is no journal at {settings.journal.directory}")
    return settings, found[0]


def _utc(instant: datetime | None) -> datetime | None:
    return instant and instant.replace(tzinfo=UTC)
