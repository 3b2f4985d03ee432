"""`windsock skew`: whether what is served is what the offline store has."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.fail import fail

if TYPE_CHECKING:
    from app.observability.skew.report import Example, FeatureSkew, SkewReport

_REASONS = {
    "late": "late",
    "missing": "not served",
    "unknown": "not known offline",
    "value": "another value",
}


def skew(
    config: Annotated[Path, typer.Argument(help="the config of the service")] = Path(
        "serve_config.yaml"
    ),
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="compare so many, the newest; else as `observability.skew` says"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Join the rows that were sampled again offline, and say what differs.

    It exits with 1 where more of a view differs than is tolerated, and with 2 where nothing can be
    compared.
    """
    import time

    from app.observability.skew.work import check_of
    from app.start.address import ConfigError
    from app.start.config_file import graphs

    try:
        args = next((one for one in graphs(config) if one.observability.skew), None)
    except ConfigError as error:
        fail(error)
    if args is None or args.observability.skew is None:
        fail(f"{config} samples nothing: it has no `observability.skew`")
    settings = args.observability.skew
    until = time.time_ns() - int(settings.settle_s * 1e9)
    report = check_of(args, settings).run(0, until, rows or settings.rows)
    if as_json:
        typer.echo(json.dumps(_told(report), ensure_ascii=False))
    else:
        _print(report)
    if report.problems or not report.rows:
        for problem in report.problems or ["no served rows were sampled yet"]:
            typer.echo(problem, err=True)
        raise typer.Exit(2)
    raise typer.Exit(1 if report.skewed else 0)


def _told(report: "SkewReport") -> dict[str, Any]:
    told = asdict(report)
    for view, found in zip(told["views"], report.views, strict=True):
        view["skewed"] = found.skewed
        for feature, one in zip(view["features"], found.features, strict=True):
            feature["share"] = one.share
    return told


def _print(report: "SkewReport") -> None:
    from rich.console import Console
    from rich.table import Table

    if not report.rows:
        return
    table = Table("view", "feature", "rows", "differ", "why", "for one")
    for view in report.views:
        for feature in view.features:
            style = "red" if feature.lower > view.tolerated else None
            table.add_row(*_cells(view.view, feature), style=style)
    console = Console()
    console.print(table)
    for view in report.views:
        apart = {
            "in time, though late": view.in_time,
            "left out or stale by policy": view.by_policy,
            "not read": view.unread,
            "behind another view": view.behind,
        }
        told = ", ".join(f"{rows:,} {what}" for what, rows in apart.items() if rows)
        if told:
            console.print(f"{view.view}: {told}", markup=False)
    named = ", ".join(f"{view.view} ({view.version})" for view in report.skewed)
    console.print(
        f"{report.rows:,} rows from {_instant(report.since)} to {_instant(report.until)}: "
        + (f"{named} not as offline" if named else "all as offline"),
        markup=False,
    )


def _cells(view: str, feature: "FeatureSkew") -> list[Any]:
    from rich.text import Text

    shown = _example(feature.example) if feature.example else ""
    why = _REASONS[feature.reason] if feature.reason else ""
    # As text: what is served may look like markup.
    return [
        *(Text(view), Text(feature.feature), f"{feature.rows:,}"),
        f"{feature.share:.1%}",
        *(why, Text(shown)),
    ]


def _example(example: "Example") -> str:
    keys = ", ".join(f"{name} {_short(value)}" for name, value in example.keys.items())
    served = f"served {_short(example.served)}{_of(example.served_event_at)}"
    offline = f"offline {_short(example.offline)}{_of(example.offline_event_at)}"
    return f"{keys} at {_instant(example.at)}: {served}, {offline}"


def _of(event_at: float | None) -> str:
    return f" of {_instant(event_at)}" if event_at is not None else ""


def _instant(seconds: float | None) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds or 0, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
