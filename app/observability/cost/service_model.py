"""A model of each deployment, fitted to a recording: the CPU that it takes, and how many of its
calls are under way, by load and replicas."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.observability.cost.demand import BUSIEST, Demand
from app.observability.cost.fit import Fit, Floats, Linear, fit
from app.observability.cost.measured import Measured
from app.observability.cost.service import Scaled

ASSUMPTIONS = (
    "CPU of a deployment is a x replicas + b x batches + c x rows + d x requests + e x missed keys "
    "with coefficients from 0 up; batches stay as large, and caches as good, with other replicas",
    "a replica can do with one CPU, or with what it reserves where that is more, and has it: "
    "neighbours on its node take none of it",
    "a call takes w0 + w1 x r / (1 - r), with r the share of its capacity at which a replica works",
)


NEGLIGIBLE_CPU = 0.02
"""A fiftieth of a CPU decides about no replica."""


@dataclass(frozen=True, slots=True)
class DeploymentModel:
    """Of one deployment. ``blurred``: missed keys went so closely with rows that nothing says what
    one of either takes."""

    name: str
    cpu: Fit
    ongoing: Fit
    blurred: bool
    _measured: Measured
    _scaled: Scaled | None

    @property
    def why(self) -> str | None:
        """Why no number may rest on it, if so."""
        return self.cpu.why or self.ongoing.why

    def demand(self, misses: Floats | None = None, *, trained: bool = False) -> Demand:
        """What it has to do, with other ``misses`` than were recorded, if given; ``trained`` takes
        the fits that have not seen the held-out part."""
        one = self._measured
        cpu = self.cpu.trained if trained else self.cpu.model
        took = self.ongoing.trained if trained else self.ongoing.model
        terms = {**_cpu_terms(one), **({} if misses is None else {"misses": misses})}
        calls = np.maximum(one.calls, 1e-12)
        alone = took.coefficients["alone"] + took.coefficients["misses"] * terms["misses"] / calls
        return Demand(
            name=self.name,
            autoscaling=self._scaled.autoscaling if self._scaled else None,
            cpu=one.reserved["cpu"],
            gpu=one.reserved["gpu"],
            gib=one.reserved["memory"],
            capacity=capacity(one.reserved["cpu"]),
            idle=cpu.coefficients["replicas"],
            work=cpu({**terms, "replicas": np.zeros_like(calls)}),
            calls=one.calls,
            alone=np.where(one.calls > 0, alone, 0.0),
            crowded=took.coefficients["crowded"],
            replicas=one.replicas,
        )


def capacity(reserved: float) -> float:
    """CPUs that a replica which reserves so many can take: its event loop is one thread."""
    return max(1.0, reserved)


def deployment_model(one: Measured, scaled: Scaled | None) -> DeploymentModel:
    """Fitted to what was measured of it."""
    fair = one.fair
    load = (one.rows + one.calls)[fair]
    terms = {name: values[fair] for name, values in _cpu_terms(one).items()}
    cpu = fit(f"the CPU of {one.name}", terms, one.cpu[fair], load, NEGLIGIBLE_CPU)
    if cpu.quality is None:
        return DeploymentModel(one.name, cpu, cpu, True, one, scaled)
    waits = {name: values[fair] for name, values in _ongoing_terms(one, cpu.model).items()}
    what = f"how many calls of {one.name} are under way"
    ongoing = fit(what, waits, one.ongoing[fair], load, _negligible_calls(scaled))
    return DeploymentModel(
        one.name, cpu, ongoing, _blurred(terms, cpu.model, one.cpu[fair]), one, scaled
    )


def _negligible_calls(scaled: Scaled | None) -> float:
    """A twentieth of what a replica is to have under way."""
    target = ((scaled and scaled.autoscaling) or {}).get("target_ongoing_requests")
    return 0.05 * float(target or 2.0)


def _cpu_terms(one: Measured) -> dict[str, Floats]:
    return {
        "replicas": one.replicas,
        "batches": one.batches,
        "rows": one.rows,
        "requests": one.requests,
        "misses": one.misses,
    }


def _ongoing_terms(one: Measured, cpu: Linear) -> dict[str, Floats]:
    replicas = np.maximum(one.replicas, 1e-12)
    busy = cpu(_cpu_terms(one)) / replicas / capacity(one.reserved["cpu"])
    busy = np.minimum(busy, BUSIEST)
    return {
        "alone": one.calls,
        "crowded": one.calls * busy / (1 - busy),
        "misses": one.misses,
    }


def _blurred(terms: Mapping[str, Floats], cpu: Linear, measured: Floats) -> bool:
    """Whether the coefficient of missed keys has a standard error above a quarter of itself (of
    ordinary least squares over the terms that count)."""
    counted = [name for name, value in cpu.coefficients.items() if value > 0]
    if "misses" not in counted:
        return True
    scales = {name: float(np.abs(terms[name]).max()) for name in counted}
    matrix = np.stack([terms[name] / scales[name] for name in counted], axis=1)
    left = measured - cpu(terms)
    variance = float((left**2).sum()) / max(len(left) - len(counted), 1)
    error = np.sqrt(variance * np.linalg.pinv(matrix.T @ matrix).diagonal())
    place = counted.index("misses")
    return bool(error[place] > 0.25 * cpu.coefficients["misses"] * scales["misses"])
