"""What a run measures, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """``rounds`` times, each contender is started, measured and stopped in turn, each level of
    load ``repeats`` times. ``shares`` are parts of the contender's own capacity, which is the
    best rate of its closed loops; ``rates`` are the same for all."""

    connections: tuple[int, ...] = (1, 32, 128, 256)
    shares: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    rates: tuple[int, ...] = (500,)
    seconds: int = 6
    warmup_s: int = 3
    rounds: int = 3
    repeats: int = 1


FULL = Plan()
QUICK = Plan(connections=(1, 128), shares=(), seconds=2, warmup_s=1, rounds=1, repeats=2)
