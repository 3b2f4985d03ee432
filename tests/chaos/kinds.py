"""At which graphs a scenario is tried: through which door, and with how many replicas of each
deployment."""

from dataclasses import dataclass

import pytest

DOORS = ("fast-lane", "haproxy", "front", "python-proxy")
"""The ways to the application: past Ray's proxies, through its HAProxy, through a front before the
fast lane, and through Ray's own proxy."""

RAYS = ("fast-lane", "haproxy", "python-proxy")
"""Where the front is but one more HAProxy: without it."""


@dataclass(frozen=True)
class Kind:
    """``replicas`` is ``min_replicas`` and ``max_replicas`` of each deployment."""

    replicas: int
    door: str

    @property
    def proxy(self) -> str:
        """Which of Ray's proxies the server has."""
        return "python-proxy" if self.door == "python-proxy" else "haproxy"

    def __str__(self) -> str:
        return f"{self.door}-{self.replicas}"


# Those of one server beside each other, and in it those of as many replicas.
KINDS = [
    *(Kind(2, door) for door in DOORS[:3]),
    *(Kind(1, door) for door in DOORS[:3]),
    *(Kind(replicas, "python-proxy") for replicas in (1, 2)),
]


def at(
    *replicas: int,
    doors: tuple[str, ...] = DOORS,
    short: str | None = "fast-lane",
    harms: tuple[str, ...] = ("kill", "hang"),
    last: bool = False,
) -> pytest.MarkDecorator:
    """Mark a scenario: with each of these numbers of replicas through each of these doors; in short
    with the first number through the door ``short``, or not at all, and with ``harms`` alone. The
    ``last`` ones of a package end its graph."""
    kinds = [kind for kind in KINDS if kind.replicas in replicas and kind.door in doors]
    shorts = [Kind(replicas[0], short)] if short else []
    return pytest.mark.kinds(long=kinds, short=shorts, harms=harms, last=last)
