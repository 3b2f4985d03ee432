"""A replay as a person sees it: a table that lives, or a line now and then."""

from collections.abc import Mapping
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.observability.replay.progress import Progress

_NAMES = {
    "auc": "AUC",
    "brier": "Brier",
    "base_rate": "base rate",
    "mean_absolute_error": "mean absolute error",
    "accuracy": "accuracy",
}


def table(progress: Progress) -> RenderableType:
    """The whole of it, as it is now."""
    clock = Table.grid(padding=(0, 2), expand=True)
    clock.add_column(no_wrap=True)
    clock.add_column(ratio=1)
    clock.add_column(justify="right", no_wrap=True)
    clock.add_row(
        Text(f"{progress.at:%Y-%m-%d %H:%M} UTC", style="bold"),
        ProgressBar(total=1.0, completed=progress.share),
        f"{progress.share:.0%}, {_left(progress)} left",
    )
    both = Table.grid(padding=(0, 4))
    both.add_row(_figures(progress), _views(progress))
    return Panel(
        Group(clock, Padding(both, (1, 0, 0, 0))),
        title=f"replay of {progress.start:%Y-%m-%d}, through {progress.url}",
        title_align="left",
    )


def line(progress: Progress) -> str:
    """The same in short, for a log."""
    tally = progress.tally
    told = [
        f"{progress.at:%Y-%m-%d %H:%M} UTC",
        f"{progress.pace.reached_speed:.0f}x",
        f"{tally.asked:,} asked",
        f"{tally.rate:.1f}/s",
        f"p50 {_ms(tally.quantile_ms(0.5))}",
        f"p99 {_ms(tally.quantile_ms(0.99))}",
        f"{tally.failed:,} failed{_codes(tally.errors)}{_codes(tally.feedback_errors)}",
        f"{tally.degraded_share:.1%} degraded",
        f"{tally.outcomes:,} outcomes",
        *(f"{_NAMES[name]} {value:.3f}" for name, value in tally.scores.summary().items()),
        f"{_left(progress)} left",
    ]
    return "  ".join(told)


def _figures(progress: Progress) -> Table:
    tally, pace = progress.tally, progress.pace
    figures = Table.grid(padding=(0, 2))
    figures.add_column(style="dim", no_wrap=True)
    figures.add_column(justify="right", no_wrap=True)
    behind = f", {_span(pace.behind_s)} behind" if pace.behind_s >= pace.speed else ""
    failed = Text(f"{tally.failed:,}{_codes(tally.errors)}", style="red" if tally.failed else "")
    rows: list[tuple[str, RenderableType]] = [
        ("speed", f"{pace.reached_speed:,.0f}x of {pace.speed:,.0f}x{behind}"),
        ("asked", f"{tally.asked:,}"),
        ("rate", f"{tally.rate:,.1f}/s"),
        ("p50", _ms(tally.quantile_ms(0.5))),
        ("p99", _ms(tally.quantile_ms(0.99))),
        ("failed", failed),
        ("degraded", f"{tally.degraded_share:.1%}"),
        ("rows pushed", f"{tally.rows:,} ({progress.store})"),
        ("outcomes sent", f"{tally.outcomes:,}, {tally.labelled:,} taken"),
    ]
    if tally.feedback_errors:
        codes = _codes(tally.feedback_errors).strip(" ()")
        rows.append(("not taken", Text(codes, style="red")))
    scores = tally.scores.summary().items()
    rows += [(_NAMES[name], f"{value:.3f}") for name, value in scores]
    for name, value in rows:
        figures.add_row(name, value)
    return figures


def _views(progress: Progress) -> Table:
    views = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    views.add_column("feature view", no_wrap=True)
    views.add_column("oldest", justify="right", no_wrap=True)
    views.add_column("not fresh", justify="right", no_wrap=True)
    for name, age in progress.tally.ages().items():
        oldest = "-" if age.oldest_s is None else _span(age.oldest_s)
        views.add_row(
            name, oldest, Text(f"{age.not_fresh:.0%}", style="yellow" if age.not_fresh else "")
        )
    return views


def _left(progress: Progress) -> str:
    seconds = round(progress.pace.left_s(progress.end))
    return f"{seconds // 60}:{seconds % 60:02}"


def _span(seconds: float) -> str:
    """An age, in the two largest units that it has."""
    whole = timedelta(seconds=round(seconds))
    hours, minutes, rest = whole.seconds // 3600, whole.seconds // 60 % 60, whole.seconds % 60
    if whole.days:
        return f"{whole.days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes else f"{rest} s"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


def _codes(errors: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{code} {count:,}' for code, count in errors.items())})" * bool(errors)
