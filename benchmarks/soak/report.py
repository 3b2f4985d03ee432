"""A soak as tables."""

from collections.abc import Mapping, Sequence

from benchmarks.bars import Bar
from benchmarks.load.result import LoadResult
from benchmarks.soak.growth import SETTLED_S, TOLERANCE, Growth, growth, together
from benchmarks.soak.memory import Series
from benchmarks.tables import Table, number

_SETTLED = f"{SETTLED_S / 60:g}"


def growths(series: Sequence[Series]) -> list[Growth]:
    """All processes together first, then each, the one that grew most first."""
    at_s, _, pss_mb = together(series)
    whole = growth("all processes", at_s, pss_mb)
    each = [growth(f"{one.name} ({one.pid})", one.at_s, one.pss_mb) for one in series]
    known = sorted((one for one in each if one), key=lambda one: -one.mb)
    return [*([whole] if whole else []), *known]


def bars(found: Sequence[Growth], minutes: Mapping[int, LoadResult]) -> list[Bar]:
    """No growth, and no request lost or refused meanwhile."""
    bad = sum(load.refused + load.lost for load in minutes.values())
    grown = max(0.0, found[0].part) * 100 if found else None
    return [
        Bar(
            f"growth of PSS after the first {_SETTLED} minutes, %",
            TOLERANCE * 100,
            grown,
            at_least=False,
        ),
        Bar("requests lost or refused", 0.0, float(bad), at_least=False),
    ]


def tables(
    series: Sequence[Series], found: Sequence[Growth], minutes: Mapping[int, LoadResult]
) -> list[Table]:
    """All memory at three instants, growth by process, and the answers by minute."""
    read = list(zip(*together(series), strict=True))
    settled = next((one for one in read if one[0] >= SETTLED_S), None)
    instants = [("at first", read[0]), (f"after {_SETTLED} minutes", settled), ("last", read[-1])]
    whole = [[name, number(one[1]), number(one[2])] for name, one in instants if one is not None]
    grown = [
        [
            one.name,
            number(one.first_mb),
            number(one.last_mb),
            f"{one.mb:+.2f}",
            f"{one.part:+.2%}",
            f"{one.slope_mb_min:+.3f}",
        ]
        for one in found
    ]
    answered = [
        [
            str(minute),
            number(load.offered),
            number(load.rate),
            number(load.p50_ms),
            number(load.p99_ms),
            str(load.refused),
            str(load.lost),
        ]
        for minute, load in minutes.items()
    ]
    title = f"PSS in MB: medians of the minute after the first {_SETTLED}, and of the last one"
    columns = ("", "then", "at the end", "growth", "", "slope, MB a minute")
    asked = ("minute", "offered/s", "answered/s", "p50 ms", "p99 ms", "refused", "lost")
    return [
        Table("All processes, MB", ("", "RSS", "PSS"), whole),
        Table(title, columns, grown),
        Table("Answers by minute", asked, answered),
    ]
