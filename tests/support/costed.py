"""A recorded day whose truth is known: loads, what they take, and noise on all of it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app.observability.cost.prometheus import Series, Span
from app.observability.cost.recording import Recording
from app.observability.cost.service import Scaled, Service

Floats = npt.NDArray[np.float64]

BEGIN = 1_796_000_400.0
AUTOSCALING: dict[str, Any] = {
    "min_replicas": 1,
    "max_replicas": 2,
    "target_ongoing_requests": 3,
    "metrics_interval_s": 1,
    "look_back_period_s": 3,
    "upscale_delay_s": 2,
    "downscale_delay_s": 120,
}


@dataclass
class Day:
    """A collapsed service whose load goes up and down once: replicas take 0.05 CPU each, 40 ms a
    batch, 1.5 ms a row and 4 ms a missed key; a call takes 20 ms, and r / (1 - r) ms more; the
    cache has one view of ``keys`` keys that are asked for alike, and lives 5 s."""

    steps: int = 1440
    step_s: float = 60.0
    low: float = 40.0
    high: float = 400.0
    keys: float = 500.0
    noise: float = 0.01
    seed: int = 0
    ttl_s: float = 5.0
    prices: dict[str, float] = field(
        default_factory=lambda: {"cpu": 0.04, "gpu": 2.5, "memory": 0.005}
    )
    gib: float = 1.0

    @property
    def service(self) -> Service:
        return Service(
            layout="collapsed",
            deployments=[Scaled(name="Ingress", cpu=1.0, gpu=0.0, autoscaling=AUTOSCALING)],
            cache_ttl_s=self.ttl_s,
            cache_rows=50_000,
            currency="EUR",
            spot_discount=0.65,
        )

    @property
    def span(self) -> Span:
        return Span(BEGIN, self.step_s, self.steps)

    @property
    def rows(self) -> Floats:
        """Rows per second."""
        wave = (1 - np.cos(2 * np.pi * np.arange(self.steps) / self.steps)) / 2
        rows: Floats = self.low + (self.high - self.low) * wave
        return rows

    def hits(self, ttl_s: float, replicas: Floats) -> Floats:
        """Shares, of keys that are asked for alike (a renewal process)."""
        asked = self.rows / replicas / self.keys * ttl_s
        share: Floats = asked / (1 + asked)
        return share

    def busy(self, replicas: Floats, hits: Floats) -> Floats:
        """CPUs of all replicas."""
        batches = np.sqrt(self.rows)
        return (
            0.05 * replicas + 0.04 * batches / 10 + 0.0015 * self.rows + self.missed(hits) * 0.004
        )

    def missed(self, hits: Floats) -> Floats:
        """Keys per second."""
        missed: Floats = self.rows * (1 - hits)
        return missed

    @property
    def replicas(self) -> Floats:
        """As its bounds have it."""
        return self.scaled(2)

    def scaled(self, most: int) -> Floats:
        """Replicas of so many at most: the fewest that have no more than three calls under way
        each; the day changes too slowly for delays to matter."""
        found: Floats = np.ones(self.steps)
        for count in range(1, most):
            enough = self.ongoing(np.full(self.steps, float(count))) <= 3 * count
            found = np.where((found == count) & ~enough, count + 1.0, found)
        return found

    def ongoing(self, replicas: Floats) -> Floats:
        """Calls under way."""
        share = self.busy(replicas, self.hits(self.ttl_s, replicas)) / replicas
        share = np.minimum(share, 0.95)
        under_way: Floats = self.rows * (0.020 + 0.001 * share / (1 - share))
        return under_way

    def recording(self) -> Recording:
        return Recording(self.service, self.span, self.series(self.replicas))

    def series(self, replicas: Floats) -> dict[str, list[Series]]:
        """What Prometheus would have of it."""
        noise = np.random.default_rng(self.seed)

        def noisy(values: Floats) -> Floats:
            drawn: Floats = values * (1 + self.noise * noise.standard_normal(self.steps))
            return drawn

        rows, hits = self.rows, self.hits(self.ttl_s, replicas)
        one = np.ones(self.steps)
        reserved = {"cpu": replicas, "gpu": 0 * one, "memory": replicas * self.gib}
        each = {resource: amount * self.prices[resource] for resource, amount in reserved.items()}
        ingress = {"stage": "Ingress"}
        of = {"model": "parcels", "version": "1"}
        return {
            "price": [Series({"resource": r}, p * one) for r, p in self.prices.items()],
            "replicas": [Series(ingress, replicas)],
            "reserved": [Series(ingress | {"resource": r}, v) for r, v in reserved.items()],
            "cost": [Series(ingress | {"resource": r}, v / 3600) for r, v in each.items()],
            "cost_by_version": [Series(of, np.sum([*each.values()], axis=0))],
            "cpu": [Series(ingress, noisy(self.busy(replicas, hits)))],
            "requests": [Series({"door": "fast_lane"}, rows)],
            "rows": [Series(of, rows)],
            "batches": [Series({}, np.sqrt(rows) / 10)],
            "request_seconds": [Series({}, noisy(self.ongoing(replicas)))],
            "stage_seconds": [Series({"stage": "lookup"}, 0.2 * rows * 0.010)],
            "cache_rows": [
                Series({"view": "origin", "outcome": "hit"}, noisy(rows * hits)),
                Series({"view": "origin", "outcome": "miss"}, self.missed(hits)),
            ],
            "store_reads": [Series({}, np.sqrt(rows) / 10)],
        }
