"""What this replica costs, counted by itself: a counter survives that nobody looked for an hour,
and a price that changes does not change what was."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import ray

from deployments.metrics.catalogue.cost import COST, PRICE, RESERVED, RESOURCE
from deployments.metrics.prices import Prices
from deployments.metrics.series import COUNTS, Counts

_GIB = 2.0**30


class CostMeter:
    """To be called about once a second, off the request path (``RayExport.start``). ``assigned``
    is what Ray has given the replica, by Ray's names, memory in bytes; where no memory is
    reserved, what is resident is paid for."""

    def __init__(
        self,
        deployment: str,
        prices: Prices,
        assigned: Mapping[str, float],
        *,
        counts: Counts = COUNTS,
        clock: Callable[[], float] = time.monotonic,
        resident: Callable[[], int] | None = None,
    ) -> None:
        self._deployment = deployment
        self._prices = prices
        self._counts = counts
        self._clock = clock
        self._memory = assigned.get("memory", 0.0)
        self._reserved = {"cpu": assigned.get("CPU", 0.0), "gpu": assigned.get("GPU", 0.0)}
        self._resident = resident or _resident
        self._until = clock()

    def __call__(self) -> None:
        """Count what it has cost since the last call."""
        now = self._clock()
        hours, self._until = (now - self._until) / 3600, now
        memory = (self._memory or self._resident()) / _GIB
        for resource in RESOURCE.values:
            amount = {**self._reserved, "memory": memory}[resource]
            price = self._prices.of(resource)
            labels = self._deployment, resource
            self._counts.gauge(PRICE)[resource].set(price)
            self._counts.gauge(RESERVED)[labels].set(amount)
            self._counts.counter(COST)[labels].add(amount * price * hours)


def cost_meter(deployment: str, prices: Prices) -> CostMeter:
    """That of the replica in which it is called."""
    context: Any = ray.get_runtime_context()  # whose methods have no types
    return CostMeter(deployment, prices, context.get_assigned_resources())


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)
