"""How long and how hard a scenario is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """``rate`` is of requests a second, of which there are ``least`` at least; a fault comes after
    ``quiet_s`` and lasts ``outage_s``, one of which nobody may notice ``hang_s``. Overload lasts
    ``overload_s``. Of hostile requests there are ``damaged`` and ``drawn`` ones, and ``generated``
    ones of each kind for each operation. ``idle`` is how many clients connect and say nothing."""

    long: bool
    rate: float
    least: int
    quiet_s: float
    outage_s: float
    hang_s: float
    overload_s: float
    damaged: int
    drawn: int
    generated: int
    idle: int


STEADY_PER_S = 100.0
"""The rate at which a part of the graph is lost: one that is left carries it."""

SHORT = Scale(False, 100.0, 300, 1.5, 3.0, 2.5, 3.0, 1500, 320, 15, 300)
LONG = Scale(True, 400.0, 20_000, 10.0, 20.0, 60.0, 60.0, 80_000, 20_000, 400, 1000)
