"""Drift as a person reads it, and as a program does."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from app.observability.drift.comparison import Comparison
from app.observability.drift.verdict import Standing, Verdict
from deployments.drift.measures import Counts
from deployments.model_id import ModelId

_STYLES: Mapping[Standing, str] = {
    "drifting": "bold red",
    "natural": "yellow",
    "tolerated": "cyan",
    "chance": "green",
    "few rows": "dim",
}
_BLOCKS = " ▁▂▃▄▅▆▇█"
_MOST_BLOCKS = 16


def table(model: ModelId, compared: Comparison) -> Table:
    """The columns and outputs of a version, those nearest to an alarm first."""
    window = compared.window
    times = f"{_told(window.since_ns)} to {_told(window.until_ns)} UTC"
    drawn = Table(
        title=f"{model}: the newest {window.rows:,} rows, of {times}", title_justify="left"
    )
    for heading in ("column or output", "training", "now"):
        drawn.add_column(heading, no_wrap=True, overflow="ellipsis")
    for heading in ("PSI", "chance", "alarm above", "JS", "chi-square"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    for name, verdict in sorted(compared.verdicts.items(), key=_urgency):
        drawn.add_row(
            name,
            blocks(verdict.expected),
            blocks(verdict.found),
            f"{verdict.psi:.3f}",
            f"{verdict.psi_chance:.3f}",
            f"{verdict.bound:.3f}",
            f"{verdict.js:.3f}",
            "" if verdict.chi_square is None else f"{verdict.chi_square:.1f}",
            Text(verdict.standing, style=_STYLES[verdict.standing]),
        )
    return drawn


def document(compared: Mapping[ModelId, Comparison]) -> list[dict[str, Any]]:
    """The same as JSON has it, a version each."""
    return [
        {
            "model": model.name,
            "version": model.version,
            "rows": one.window.rows,
            "since": _told(one.window.since_ns) + "Z",
            "until": _told(one.window.until_ns) + "Z",
            "features": dict(_documents(one.verdicts)),
            "left_out": one.reference.left_out,
        }
        for model, one in compared.items()
    ]


def blocks(counts: Counts) -> str:
    """The shares of the bins, the last of which is of what is missing, as a row of blocks."""
    shown = counts
    if len(counts) > _MOST_BLOCKS:
        shown = np.array([part.sum() for part in np.array_split(counts, _MOST_BLOCKS)])
    heights = np.ceil(shown / max(1, shown.max()) * (len(_BLOCKS) - 1)).astype(int)
    return "".join(_BLOCKS[height] for height in heights.tolist())


def _documents(verdicts: Mapping[str, Verdict]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, verdict in verdicts.items():
        yield (
            name,
            {
                "rows": verdict.rows,
                "psi": verdict.psi,
                "psi_chance": verdict.psi_chance,
                "natural": verdict.natural,
                "bound": verdict.bound,
                "js": verdict.js,
                "js_chance": verdict.js_chance,
                "chi_square": verdict.chi_square,
                "standing": verdict.standing,
                "training": verdict.expected.tolist(),
                "now": verdict.found.tolist(),
            },
        )


def _urgency(named: tuple[str, Verdict]) -> tuple[bool, float]:
    verdict = named[1]
    return not verdict.drifting, -verdict.psi / max(verdict.bound, 1e-9)


def _told(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
