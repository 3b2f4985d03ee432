"""The metrics of a replica, from its first configuration to its end."""

from collections.abc import Callable

from deployments.metrics.machine import Machine
from deployments.metrics.ray_export import RayExport
from deployments.metrics.series import COUNTS


class ReplicaMetrics:
    """Exports what this process counts, and what it takes of its machine, as a replica of the
    deployment ``stage``. ``tell`` is called before each export."""

    def __init__(self, stage: str, *tell: Callable[[], None]) -> None:
        self._stage = stage
        self._tell = tell
        self._ends: list[Callable[[], None]] = []
        self._export = RayExport()
        self._machine: Machine | None = None

    def start(self) -> None:
        """Begin, in this loop; nothing where it has begun."""
        if self._machine is None:
            self._machine = Machine(self._stage)
            self._ends = [*map(COUNTS.ask, self._tell)]
            self._export.start()

    def close(self) -> None:
        """Hand on what is left, and end."""
        if self._machine is not None:
            self._export.close()
            self._machine.close()
            for end in self._ends:
                end()
            self._machine = None
