"""What the guards cost a request, step by step and without a server."""

from collections.abc import Callable, Sequence

from benchmarks.runner import Publish, Quick
from benchmarks.scenarios.guards_micro.case import Case
from benchmarks.scenarios.guards_micro.keys import key_check
from benchmarks.scenarios.guards_micro.limits import counting, telling
from benchmarks.scenarios.guards_micro.tokens import token_check
from benchmarks.scenarios.micro import micro

CASES: Sequence[Callable[[], Case]] = (key_check, token_check, counting, telling)
ROUNDS = 1_000


def guards_micro(*, quick: Quick = False, publish: Publish = False) -> int:
    """What the guards cost a request, step by step: CPU time in the best of many rounds."""
    rounds = 50 if quick else ROUNDS
    return micro("guards-micro", "One step of the guards", CASES, rounds=rounds, publish=publish)
