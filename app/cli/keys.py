"""`windsock keys`: who may ask."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.access.key_file import KeyRecord
    from app.access.settings import AuthSettings

keys = typer.Typer(
    help="Make, list, exchange and take back API keys. What changes counts within a second.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Config = Annotated[Path, typer.Option(help="a Serve config file, which names the file of keys")]
Application = Annotated[
    str | None, typer.Option(help="in the config; where several have keys of their own")
]
_CONFIG = Path("serve_config.yaml")


def _span(text: str) -> timedelta:
    """90d, 12h or 30m."""
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not of the form 90d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _end(text: str) -> datetime:
    """From now on, or a date, which ends where it is over in UTC."""
    try:
        end = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError:
        end = datetime.now(UTC).replace(microsecond=0) + _span(text)
    if end <= datetime.now(UTC):
        raise typer.BadParameter(f"{text} is over")
    return end


def _id(text: str) -> str:
    """An id; of a whole key, too, which may be all that whoever found one has."""
    return text[4:14] if text.startswith("wsk_") else text


def _fields(text: str) -> dict[str, str]:
    """NAME=VALUE,NAME=VALUE."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and equals for name, equals, _ in pairs):
        raise typer.BadParameter(f"{text!r} is not of the form name=second,quota=100")
    return {name: value for name, _, value in pairs}


Id = Annotated[str, typer.Argument(help="of the key, as `windsock keys list` has it", parser=_id)]


@keys.command()
def create(
    principal: Annotated[str, typer.Argument(help="whose key it is: a name")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="predict (usually), feedback, explain, jobs, admin; once for each"),
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(help="90d, 12h, 30m or 2027-01-31", parser=_end)
    ] = None,
    limit: Annotated[
        list[dict] | None,  # type: ignore[type-arg]  # typer calls it
        typer.Option(
            help="name=second,quota=100[,unit=rows][,window_s=1][,scope=predict]; once for each",
            parser=_fields,
        ),
    ] = None,
    config: Config = _CONFIG,
    application: Application = None,
) -> None:
    """Print a new key, the one time that it is shown."""
    from pydantic import ValidationError

    from app.access import key_changes
    from app.access.principal import Limit, Scope
    from deployments.strict import first_problem

    with _refusing():
        try:
            scopes = [Scope(one) for one in scope or ["predict"]]
            limits = [Limit.model_validate(one) for one in limit or ()]
            key = key_changes.create(
                _settings(config, application), principal, scopes, expires=expires, limits=limits
            )
        except ValidationError as error:
            raise typer.BadParameter(first_problem(error)) from error
        except ValueError as error:
            there = ", ".join(one.value for one in Scope)
            raise typer.BadParameter(f"{error}: there are {there}") from error
    _show(key, f"the key of {principal}, {_until(expires)}")


@keys.command("list")
def list_keys(config: Config = _CONFIG, application: Application = None) -> None:
    """List the keys, without their secrets."""
    from app.access.key_file import read

    with _refusing():
        found = read(_settings(config, application).keys)
    rows = [("ID", "PRINCIPAL", "SCOPES", "CREATED", "EXPIRES", "LIMITS"), *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


@keys.command()
def rotate(
    id: Id,
    overlap: Annotated[
        timedelta, typer.Option(help="how long the old one counts yet", parser=_span)
    ] = "1d",  # type: ignore[assignment]  # typer parses it
    config: Config = _CONFIG,
    application: Application = None,
) -> None:
    """Print a key in place of another, which counts for a while yet."""
    from app.access import key_changes

    with _refusing():
        key = key_changes.rotate(_settings(config, application), id, overlap)
    _show(key, f"in place of {id}, which counts for {overlap} yet")


@keys.command()
def revoke(id: Id, config: Config = _CONFIG, application: Application = None) -> None:
    """Have a key count no more."""
    from app.access import key_changes

    with _refusing():
        gone = key_changes.revoke(_settings(config, application), id)
    typer.echo(f"{id}, of {gone.principal}, counts no more", err=True)


@keys.command()
def local(config: Config = _CONFIG, application: Application = None) -> None:
    """Make the local user's key where there is none at all, and print the file that has it.

    windsock up does the same.
    """
    from app.access.local_key import ensured_local_key

    with _refusing():
        path = ensured_local_key(_settings(config, application))
    if path is None:
        typer.echo("there are keys already, and none of the local user's", err=True)
        raise typer.Exit(1)
    typer.echo(path)


def _settings(config: Path, application: str | None) -> "AuthSettings":
    from app.start.auth import auth_of

    return auth_of(config, application)


@contextmanager
def _refusing() -> Iterator[None]:
    """What cannot be done within the block is told in a sentence."""
    from app.access.key_changes import NoSuchKey
    from app.access.key_file import BrokenKeys
    from app.start.address import ConfigError

    try:
        yield
    except (BrokenKeys, NoSuchKey, ConfigError, OSError) as error:
        typer.echo(f"windsock keys: {error}", err=True)
        raise typer.Exit(1) from error


def _show(key: str, what: str) -> None:
    """The key alone on what may be a file."""
    typer.echo(f"{what}; it is shown this once:", err=True)
    typer.echo(key)


def _row(key: "KeyRecord") -> tuple[str, ...]:
    return (
        key.id,
        key.principal,
        ",".join(one.value for one in key.scopes),
        f"{key.created:%Y-%m-%d}",
        "expired" if key.expired else _day(key.expires),
        " ".join(f"{one.name}:{one.quota}/{one.window_s:g}s {one.unit}" for one in key.limits),
    )


def _day(end: datetime | None) -> str:
    return f"{end:%Y-%m-%d %H:%M}" if end else "never"


def _until(end: datetime | None) -> str:
    return f"until {_day(end)} UTC" if end else "without an end"
