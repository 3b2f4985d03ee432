"""What capacity that may be taken away at any time risks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

ASSUMPTIONS = (
    "this share of the replicas of every deployment, rounded up, runs on such capacity; the risk "
    "is that all of it goes at once, and says nothing of how often that is",
)


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one deployment: its ``replicas`` and the CPUs that its load takes, [steps], and what one
    replica can take."""

    replicas: Floats
    cpu: Floats
    capacity: float


def unserved(needs: Sequence[Needs], share: float, known: npt.NDArray[np.bool_]) -> float:
    """The share of time in which what would remain of some deployment could not do its work."""
    short = np.zeros(len(known), bool)
    for one in needs:
        left = one.replicas - np.ceil(one.replicas * share - 1e-9)
        short |= one.cpu > np.maximum(left, 0) * one.capacity
    return float(short[known].mean()) if known.any() else 0.0
