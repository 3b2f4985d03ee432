"""What the guards cost a request, step by step and without a server."""

from collections.abc import Callable, Sequence

from benchmarks.bars import Bar
from benchmarks.runner import Outcome, Publish, Quick, finish, measuring
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.guards_micro.keys import key_check
from benchmarks.scenarios.guards_micro.limits import counting, telling
from benchmarks.scenarios.guards_micro.tokens import token_check
from benchmarks.tables import Table

CASES: Sequence[Callable[[], Case]] = (key_check, token_check, counting, telling)
ROUNDS = 1_000


def guards_micro(*, quick: Quick = False, publish: Publish = False) -> int:
    """What the guards cost a request, step by step: CPU time in the best of many rounds."""
    rounds = 50 if quick else ROUNDS
    took: dict[str, float] = {}
    bars: list[Bar] = []
    with measuring("guards-micro", {"rounds": rounds}, loads=False) as run:
        for made in CASES:
            case = made()
            run.say(case.what)
            took[case.what] = case.took_us(rounds)
            bars.append(Bar(f"{case.what}, us", case.limit_us, took[case.what]))
    rows = [[what, f"{us:.2f}"] for what, us in took.items()]
    table = Table("One step of the guards", ("", "us"), rows)
    outcome = Outcome("guards-micro", run.about, [table], {"us": took}, bars)
    return finish(outcome, run.folder, publish=publish)
