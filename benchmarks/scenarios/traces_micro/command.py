"""What traces cost a request: where they are off, where it is not sampled, and where it is."""

from collections.abc import Callable, Sequence

from benchmarks.bars import Bar
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.traces_micro.requests import (
    keeping,
    sampled,
    unsampled,
    untraced,
    with_context,
)
from benchmarks.tables import Table

CASES: Sequence[Callable[[], Case]] = (unsampled, with_context, sampled)
ROUNDS = 300


def traces_micro(*, quick: Quick = False, publish: Publish = False) -> int:
    """What traces add to a request: CPU time in the best of many rounds, less that without."""
    rounds = 30 if quick else ROUNDS
    with measuring("traces-micro", {"rounds": rounds}, loads=False) as run:
        off, kept = untraced(), keeping()
        usual = off.took_us(rounds)
        took = {kept.what: kept.took_us(rounds)}
        bars = [Bar(f"{kept.what}, us", kept.limit_us, took[kept.what])]
        for made in CASES:
            case = made()
            run.say(case.what)
            took[case.what] = case.took_us(rounds) - usual
            case.close()
            bars.append(Bar(f"{case.what}, us", case.limit_us, took[case.what]))
    rows = [[what, f"{us:.2f}"] for what, us in took.items()]
    table = Table("What traces add to a request", ("", "us"), rows)
    outcome = Outcome("traces-micro", run.about, [table], {"us": took}, bars)
    return finish(outcome, run.folder, publish=publish)
