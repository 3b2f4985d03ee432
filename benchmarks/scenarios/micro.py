"""Steps that are measured one by one, without a server, each held to a bar of its own."""

from collections.abc import Callable, Sequence

from benchmarks.bars import Bar
from benchmarks.runner import Outcome, finish, measuring
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.tables import Table


def micro(
    name: str, title: str, cases: Sequence[Callable[[], Case]], *, rounds: int, publish: bool
) -> int:
    """CPU time of each case in the best of so many rounds."""
    took: dict[str, float] = {}
    bars: list[Bar] = []
    with measuring(name, {"rounds": rounds}, loads=False) as run:
        for made in cases:
            case = made()
            run.say(case.what)
            took[case.what] = case.took_us(rounds)
            bars.append(Bar(f"{case.what}, us", case.limit_us, took[case.what]))
    table = Table(title, ("", "us"), [[what, f"{us:.2f}"] for what, us in took.items()])
    return finish(
        Outcome(name, run.about, [table], {"us": took}, bars), run.folder, publish=publish
    )
