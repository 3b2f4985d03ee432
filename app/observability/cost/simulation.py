"""Replicas over a recorded load, as Serve would have scaled them."""

import math
import warnings
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from ray.serve.config import AutoscalingConfig

from app.observability.cost.demand import Demand, Floats
from app.ray_private.autoscaling_decision import Decisions
from deployments.strict import first_problem

START_S = 10.0
"""How long a replica takes to start; it is paid for from the first second."""
_POLICIES = ("app.doors.autoscaling:both_doors", "app.doors.autoscaling.both_doors")


class NotSimulated(Exception):
    """The message says what of a config is not known here."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """float64 [steps]: ``replicas`` are paid for, each of them ``busy`` to this share of what it
    can do; above 1 it cannot."""

    replicas: Floats
    busy: Floats


def simulated(demand: Demand, step_s: float, known: npt.NDArray[np.bool_]) -> Simulated:
    """Where ``known`` [steps] is false nothing changes. Raises NotSimulated."""
    if demand.autoscaling is None:
        replicas = demand.replicas
        busy = [demand.busy(step, replicas[step]) for step in range(len(replicas))]
        return Simulated(replicas, np.array(busy))
    run = _Run(demand, step_s)
    for step in range(len(demand.work)):
        run.step(step, still=not known[step])
    return Simulated(np.array(run.paid), np.array(run.busy))


class _Run:
    def __init__(self, demand: Demand, step_s: float) -> None:
        config = autoscaling(demand)
        self._decisions = Decisions(config)
        self._demand = demand
        self._step_s = step_s
        self._tick_s = min(float(config.metrics_interval_s), step_s)
        seen = max(1, round(config.look_back_period_s / self._tick_s))
        self._seen: deque[float] = deque(maxlen=seen)
        first = demand.replicas[np.isfinite(demand.replicas)]
        self._current = self._target = self._decisions.bounded(round(first[0]) if len(first) else 1)
        self._starting: deque[tuple[float, int]] = deque()
        self._now = 0.0
        self.paid: list[float] = []
        self.busy: list[float] = []

    def step(self, step: int, *, still: bool) -> None:
        """Go through one step, tick by tick, for as long as anything changes."""
        ticks = round(self._step_s / self._tick_s)
        paid, busy = 0.0, 0.0
        left = ticks
        while left:
            many = left if still or self._settled(step) else 1
            paid += many * max(self._target, self._current)
            busy += many * self._demand.busy(step, self._current)
            left -= many
            self._now += many * self._tick_s
            if not still and many == 1:
                self._tick(step)
        self.paid.append(paid / ticks)
        self.busy.append(busy / ticks)

    def _tick(self, step: int) -> None:
        while self._starting and self._starting[0][0] <= self._now:
            self._current = max(self._current, min(self._starting.popleft()[1], self._target))
        self._seen.append(self._demand.ongoing(step, self._current))
        mean = math.fsum(self._seen) / len(self._seen)
        target = self._decisions.decided(mean, self._current, self._target, self._now)
        if target > self._target:
            self._starting.append((self._now + START_S, target))
        elif target < self._target:
            self._starting.clear()
            self._current = min(self._current, target)
            if self._current < target:
                self._starting.append((self._now + START_S, target))
        self._target = target

    def _settled(self, step: int) -> bool:
        """Whether nothing would change any more under this load."""
        ongoing = self._demand.ongoing(step, self._current)
        return (
            self._current == self._target
            and len(self._seen) == self._seen.maxlen
            and all(math.isclose(one, ongoing, rel_tol=1e-9, abs_tol=1e-12) for one in self._seen)
            and self._decisions.wanted(ongoing, self._current) == self._target
        )


def autoscaling(demand: Demand) -> AutoscalingConfig:
    """Serve's own form of it. Raises NotSimulated."""
    given = dict(demand.autoscaling or {})
    policy = (given.pop("policy", None) or {}).get("policy_function")
    if policy is not None and policy not in _POLICIES and "ray.serve" not in policy:
        raise NotSimulated(f"{demand.name} scales by {policy}, which is not simulated")
    if given.get("aggregation_function", "mean") != "mean":
        raise NotSimulated(
            f"{demand.name} scales by the {given['aggregation_function']} of its requests, and "
            "only their mean is simulated"
        )
    try:
        with warnings.catch_warnings():  # of options that Serve will take otherwise some day
            warnings.simplefilter("ignore", DeprecationWarning)
            return AutoscalingConfig.model_validate(given)
    except ValidationError as error:
        raise NotSimulated(
            f"autoscaling_config of {demand.name}: {first_problem(error)}"
        ) from error
