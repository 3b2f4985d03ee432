"""`windsock quality`: whether predictions came true."""

import json
from enum import Enum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.fail import fail

if TYPE_CHECKING:
    from app.observability.quality.measures import Measured
    from app.observability.quality.tables import Line
    from app.observability.settings import ObservabilitySettings


class By(Enum):
    """What a line of the table is of."""

    VERSION = "version"
    SEGMENT = "segment"
    DAY = "day"


_NARROWEST = 120  # columns: a pipe has no width
_MEASURES = {
    "auc": "AUC",
    "average_precision": "avg. precision",
    "brier": "Brier",
    "calibration_error": "calibration",
    "precision": "precision",
    "recall": "recall",
}


def quality(
    config: Annotated[Path, typer.Argument(help="the config of the service")] = Path(
        "serve_config.yaml"
    ),
    by: Annotated[By, typer.Option(help="a line for each of these")] = By.VERSION,
    as_json: Annotated[bool, typer.Option("--json", help="as one JSON object")] = False,
) -> None:
    """Say how well predictions went with the outcomes that clients told: by version, by segment,
    or by the day of prediction, with the share of predictions whose outcome is known.

    It reads the journals first. Ranges are of 95 %.
    """
    from app.observability.quality.database import tallies
    from app.observability.quality.index import Index
    from app.observability.quality.tables import lines

    observed = _settings(config)
    predictions, feedback = observed.predictions, observed.feedback
    if predictions is None or feedback is None:
        fail(f"{config} takes no outcomes: it has no `observability.feedback`")
    binary = feedback.outcome == "binary"
    try:
        index = Index(predictions, feedback)
        index.catch_up()
        found = list(lines(index.connection, by.value, binary=binary))
        counted = tallies(index.connection)
        index.close()
    except Exception as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps({"outcomes": counted, "groups": [_json(one) for one in found]}))
    else:
        _print(found, counted, by)


def _print(found: "list[Line]", counted: dict[str, int], by: By) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    heads = ["version", *([by.value] if by is not By.VERSION else [])]
    for head in heads:
        table.add_column(head, no_wrap=True)
    sums = sorted({name for one in found for name in one.quality.sums})
    for head in ("predictions", "known", *_MEASURES.values(), *sums):
        table.add_column(head, justify="right")
    for one in found:
        place = {By.SEGMENT: [one.segment], By.DAY: [one.day or ""]}.get(by, [])
        table.add_row(
            *(f"{one.model} {one.version}", *place, f"{one.quality.predictions:,}"),
            f"{one.quality.labelled.value:.1%}",
            *(_cell(one.quality.measures.get(name)) for name in _MEASURES),
            *(f"{one.quality.sums.get(name, 0):,.2f}" for name in sums),
        )
    console = Console()
    console.width = max(console.width, _NARROWEST)
    console.print(table if found else "no predictions yet")
    told = (f"{count:,} {name}" for name, count in sorted(counted.items()) if count)
    console.print(f"outcomes: {', '.join(told) or 'none yet'}", style="dim", highlight=False)


def _cell(measured: "Measured | None") -> str:
    if measured is None or isnan(measured.value):
        return "-"
    value, lower, upper = measured
    return f"{value:.3f}" if isnan(lower) else f"{value:.3f}\n[dim]{lower:.2f}-{upper:.2f}[/dim]"


def _json(one: "Line") -> dict[str, Any]:
    quality = one.quality
    return {
        **{"model": one.model, "version": one.version, "segment": one.segment, "day": one.day},
        "predictions": quality.predictions,
        "labelled": _ends(quality.labelled),
        "measures": {name: _ends(value) for name, value in quality.measures.items()},
        "sums": quality.sums,
    }


def _ends(measured: "Measured") -> dict[str, float | None]:
    named = zip(("value", "lower", "upper"), measured, strict=True)
    return {name: None if isnan(value) else value for name, value in named}


def _settings(config: Path) -> "ObservabilitySettings":
    from app.start.address import ConfigError
    from app.start.config_file import graphs

    try:
        found = [args.observability for args in graphs(config)]
    except ConfigError as error:
        fail(error)
    with_outcomes = [one for one in found if one.feedback is not None]
    if not with_outcomes:
        fail(f"{config} takes no outcomes: it has no `observability.feedback`")
    return with_outcomes[0]
