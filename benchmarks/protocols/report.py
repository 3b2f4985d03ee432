"""Medians of what was measured, beside the bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bars import Bar
from benchmarks.protocols.forms import BATCH
from benchmarks.results import Spread
from benchmarks.tables import Table, number, shown

_MOST_TIMES = 1.25
_MOST_KIB = 64.0


@dataclass(frozen=True)
class Cost:
    """Processor time of the server per row, in microseconds, in one form of request."""

    form: str
    round: int
    row_us: float


@dataclass(frozen=True)
class Rate:
    """Rows answered per second in one way to send them one by one."""

    way: str
    round: int
    rows_per_s: float
    row_us: float


def tables(costs: Sequence[Cost], rates: Sequence[Rate], socket_kib: float) -> list[Table]:
    """Medians (ranges), and ratios within each round to the first of its kind."""
    ratios = _cost_ratios(costs)
    forms = [
        [form, shown(Spread.of(c.row_us for c in costs if c.form == form)), number(ratios[form])]
        for form in ratios
    ]
    times = _rate_ratios(rates)
    ways = [
        [
            way,
            shown(Spread.of(rate.rows_per_s for rate in rates if rate.way == way)),
            shown(Spread.of(rate.row_us for rate in rates if rate.way == way)),
            number(times[way]),
        ]
        for way in times
    ]
    return [
        Table("Processor time per row", ["100 rows a request", "us", "x /predict/batch"], forms),
        Table("Rows one by one", ["", "rows/s", "server us per row", "x HTTP"], ways),
        Table("Memory", ["", "KiB"], [["an open WebSocket", number(socket_kib)]]),
    ]


def bars(costs: Sequence[Cost], rates: Sequence[Rate], socket_kib: float) -> list[Bar]:
    """What the protocols are held to."""
    ratios = _cost_ratios(costs)
    found = [
        Bar(f"{form}: processor time per row, times {BATCH}", _MOST_TIMES, ratio, at_least=False)
        for form, ratio in ratios.items()
        if form.startswith("Open Inference")
    ]
    times = _rate_ratios(rates)
    *_, (way, ratio) = times.items()
    found.append(Bar(f"{way}: rows/s, times HTTP at c=128", 1.0, ratio, at_least=True))
    found.append(Bar("an open WebSocket, KiB", _MOST_KIB, socket_kib, at_least=False))
    return found


def _cost_ratios(costs: Iterable[Cost]) -> dict[str, float]:
    return _ratios((cost.form, cost.round, cost.row_us) for cost in costs)


def _rate_ratios(rates: Iterable[Rate]) -> dict[str, float]:
    return _ratios((rate.way, rate.round, rate.rows_per_s) for rate in rates)


def _ratios(samples: Iterable[tuple[str, int, float]]) -> dict[str, float]:
    """By name, the median over the rounds of its figure as a multiple of the first name's."""
    by_name: dict[str, dict[int, float]] = {}
    for name, turn, figure in samples:
        by_name.setdefault(name, {})[turn] = figure
    first = next(iter(by_name.values()))
    return {
        name: median(figure / first[turn] for turn, figure in found.items())
        for name, found in by_name.items()
    }
