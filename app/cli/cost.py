"""`windsock cost`: what a recorded day cost, and what it would have cost otherwise."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from app.observability.cost.prometheus import Span
    from app.observability.cost.recording import Recording

Begin = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
]
End = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])]

_USUAL = "http://127.0.0.1:9090"
_MOST_STEPS = 100_000


def cost(
    config: Annotated[Path, typer.Argument(help="the config of the service")] = Path(
        "serve_config.yaml"
    ),
    *,
    prometheus: Annotated[
        str | None, typer.Option(help=f"its address; RAY_PROMETHEUS_HOST, or {_USUAL}")
    ] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="this day, and not the last 24 h")
    ] = None,
    begin: Begin = None,
    end: End = None,
    step: Annotated[
        int, typer.Option(min=1, help="seconds; several scrapes have to fit into it")
    ] = 60,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            help="max_replicas=4, Features.min_replicas=2, layout=collapsed, cache_ttl_s=30, "
            "spot=0.5, or several with commas; once for each. One of each kind if there is none"
        ),
    ] = None,
    bill: Annotated[bool, typer.Option("--bill", help="what it cost alone, no what-if")] = False,
    idle_below: Annotated[
        float, typer.Option(min=0, max=100, help="%, of reserved CPU: less used is idle")
    ] = 10.0,
    record: Annotated[Path | None, typer.Option(help="write what was read to a new file")] = None,
    recording: Annotated[
        Path | None, typer.Option(help="read such a file, and neither Prometheus nor the config")
    ] = None,
    application: Annotated[str | None, typer.Option(help="in the config, of several")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Tell what a recorded day cost, what of it was idle, and what another replica bound, layout,
    cache time or spot share would have cost at the same load.

    Each answer has its assumptions, and how well its model tells what was measured; where that is
    too little, there is no number. Instants are UTC.
    """
    from app.observability.cost.prometheus import Unreadable
    from app.observability.cost.scenario import BadScenario, scenario
    from app.observability.cost.study import plain, study, usual
    from app.start.address import ConfigError

    if bill and what_if:
        raise typer.BadParameter("--bill asks for no --what-if")
    if record is not None and record.exists():
        _fail(f"{record} is there already")
    if recording and (prometheus or day or begin or end or record or application):
        raise typer.BadParameter("a --recording has its own span, config and application")
    try:
        asked = [scenario(text) for text in what_if or ()]
        if recording is not None:
            from app.observability.cost.recording import Recording

            found = Recording.load(recording)
        else:
            span = _span(day, begin, end, step)
            found = _recorded(config, application, prometheus, span)
            if record is not None:
                found.save(record)
        if not bill and not asked:
            asked = usual(found.service)
        told = study(found, asked, idle_below / 100)
    except BadScenario as error:
        raise typer.BadParameter(str(error)) from error
    except (ConfigError, Unreadable, OSError) as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(plain(told), allow_nan=False))
        return
    from rich.console import Console

    from app.observability.cost.render import render

    render(told, Console(highlight=False))


def _recorded(
    config: Path, application: str | None, prometheus: str | None, span: "Span"
) -> "Recording":
    import httpx

    from app.observability.cost.from_config import service_of
    from app.observability.cost.prometheus import Prometheus
    from app.observability.cost.recording import Recording

    service = service_of(config, application)
    url = prometheus or os.environ.get("RAY_PROMETHEUS_HOST") or _USUAL
    with httpx.Client(timeout=120.0) as client:
        return Recording.read(Prometheus(url, client), service, span)


def _span(day: datetime | None, begin: datetime | None, end: datetime | None, step: int) -> "Span":
    """What is not over yet ends now."""
    from app.observability.cost.prometheus import Span

    if day and (begin or end):
        raise typer.BadParameter("--day stands alone, or --from and --to")
    now = datetime.now(UTC)
    first, last = begin or day, end or (day and day + timedelta(days=1))
    until = min(last.replace(tzinfo=UTC), now) if last else now
    since = first.replace(tzinfo=UTC) if first else until - timedelta(days=1)
    steps = int((until - since).total_seconds() // step)
    if steps < 1:
        raise typer.BadParameter(f"there is no step of {step} s between {since} and {until}")
    if steps > _MOST_STEPS:
        raise typer.BadParameter(
            f"{steps:,} steps are too many (at most {_MOST_STEPS:,}): take a longer --step"
        )
    return Span(since.timestamp(), float(step), steps)


def _fail(error: object) -> NoReturn:
    typer.echo(f"windsock cost: {error}", err=True)
    raise typer.Exit(1)
