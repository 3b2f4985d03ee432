"""The metrics of a replica, from its first configuration to its end."""

from collections.abc import Callable

from deployments.metrics.cost_meter import cost_meter
from deployments.metrics.machine import Machine
from deployments.metrics.prices import Prices
from deployments.metrics.ray_export import RayExport
from deployments.metrics.series import COUNTS


class ReplicaMetrics:
    """Exports what this process counts, and what it takes of its machine, as a replica of the
    deployment ``stage``; with ``prices``, what that costs. ``tell`` is called before each
    export."""

    def __init__(self, stage: str, *tell: Callable[[], None], prices: Prices | None = None) -> None:
        self._stage = stage
        self._tell = tell
        self._prices = prices
        self._ends: list[Callable[[], None]] = []
        self._export = RayExport()
        self._machine: Machine | None = None

    def start(self) -> None:
        """Begin, in this loop; nothing where it has begun."""
        if self._machine is None:
            self._machine = Machine(self._stage)
            asked = [*self._tell]
            if self._prices is not None:
                asked.append(cost_meter(self._stage, self._prices))
            self._ends = [*map(COUNTS.ask, asked)]
            self._export.start()

    def close(self) -> None:
        """Hand on what is left, and end."""
        if self._machine is not None:
            self._export.close()
            self._machine.close()
            for end in self._ends:
                end()
            self._machine = None
