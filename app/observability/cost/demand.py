"""What a deployment has to do, step by step, apart from how many replicas do it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BUSIEST = 0.95
"""Above it waits grow without a bound, which queues have: the edge refuses then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Arrays are float64 [steps]. ``idle`` is the CPU that a replica takes without load, ``work``
    what the load takes however many there are, both in CPUs; ``calls`` come each second and take
    ``alone`` seconds each, and ``crowded`` x r / (1 - r) more where a replica is busy to r. A
    replica is busy to 1 when it takes ``capacity`` CPUs."""

    name: str
    autoscaling: dict[str, Any] | None
    cpu: float
    gpu: float
    gib: float
    capacity: float
    idle: float
    work: Floats
    calls: Floats
    alone: Floats
    crowded: float
    replicas: Floats
    """As recorded."""

    def busy(self, step: int, replicas: float) -> float:
        """To what share of its capacity each of so many replicas works."""
        if replicas <= 0:
            return float("inf") if self.work[step] > 0 else 0.0
        return (self.idle + float(self.work[step]) / replicas) / self.capacity

    def ongoing(self, step: int, replicas: float) -> float:
        """Calls under way, by Little's law."""
        busy = min(self.busy(step, replicas), BUSIEST)
        took = float(self.alone[step]) + self.crowded * busy / (1 - busy)
        return float(self.calls[step]) * took
