"""What metrics cost, step by step and without a server."""

from collections.abc import Callable, Sequence

from benchmarks.runner import Publish, Quick
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.metrics_micro.steps import batch, lookup, request, telling
from benchmarks.scenarios.micro import micro

CASES: Sequence[Callable[[], Case]] = (request, batch, lookup, telling)
ROUNDS = 100


def metrics_micro(*, quick: Quick = False, publish: Publish = False) -> int:
    """What it costs to count, step by step: CPU time in the best of many rounds."""
    rounds = 5 if quick else ROUNDS
    return micro("metrics-micro", "One step of counting", CASES, rounds=rounds, publish=publish)
