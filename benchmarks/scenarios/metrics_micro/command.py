"""What metrics cost, step by step and without a server."""

from collections.abc import Callable, Sequence

from benchmarks.bars import Bar
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.metrics_micro.steps import batch, lookup, request, telling
from benchmarks.tables import Table

CASES: Sequence[Callable[[], Case]] = (request, batch, lookup, telling)
ROUNDS = 100


def metrics_micro(*, quick: Quick = False, publish: Publish = False) -> int:
    """What it costs to count, step by step: CPU time in the best of many rounds."""
    rounds = 5 if quick else ROUNDS
    took: dict[str, float] = {}
    bars: list[Bar] = []
    with measuring("metrics-micro", {"rounds": rounds}, loads=False) as run:
        for made in CASES:
            case = made()
            run.say(case.what)
            took[case.what] = case.took_us(rounds)
            bars.append(Bar(f"{case.what}, us", case.limit_us, took[case.what]))
    rows = [[what, f"{us:.2f}"] for what, us in took.items()]
    table = Table("One step of counting", ("", "us"), rows)
    outcome = Outcome("metrics-micro", run.about, [table], {"us": took}, bars)
    return finish(outcome, run.folder, publish=publish)
