"""What a recorded span would have cost otherwise, at the same load."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.observability.cost.bill import Bill, price
from app.observability.cost.cache_model import ASSUMPTIONS as OF_CACHE
from app.observability.cost.cache_model import CacheAnswer, cache_answer
from app.observability.cost.demand import Demand, Floats
from app.observability.cost.fit import Quality, held_out, quality
from app.observability.cost.layout_model import ASSUMPTIONS as OF_LAYOUT
from app.observability.cost.layout_model import COLLAPSED, DISTRIBUTED, converted, ratio
from app.observability.cost.measured import Measured, measured
from app.observability.cost.recording import Recording
from app.observability.cost.scenario import BadScenario, Scenario, bounded
from app.observability.cost.service_model import ASSUMPTIONS as OF_SERVICE
from app.observability.cost.service_model import DeploymentModel, capacity, deployment_model
from app.observability.cost.simulation import START_S, NotSimulated, Simulated, simulated
from app.observability.cost.spot import ASSUMPTIONS as OF_SPOT
from app.observability.cost.spot import Needs, unserved

OF_AUTOSCALER = (
    "replicas are scaled by Serve's own policy, bounds, factors and delays, at the mean load of "
    f"each step; one takes {START_S:g} s to start, and nodes are there at once",
)
WORST_COST = 0.1
"""How far the model of the service as it was may be off its cost."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Of one deployment: mean and most replicas, the mean share of their capacity at which they
    work, and how well the simulation of the service as it
    was tells the replicas that it had, on the part that no fit has seen."""

    mean: float
    most: float
    busy: float
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``overloaded`` is the share of time in which a deployment needs more CPU than its replicas
    can take, ``busy`` that above 80 %; ``cost`` is in the recording's currency."""

    cost: float
    busy: float
    overloaded: float
    scaling: dict[str, Scaling]


@dataclass(frozen=True, slots=True)
class Answer:
    """To one scenario. ``compared`` is what the same way of reckoning tells of the service as it
    was. Without an outcome, ``why``."""

    scenario: Scenario
    assumptions: list[str]
    compared: float | None = None
    outcome: Outcome | None = None
    cost_between: tuple[float, float] | None = None
    cache: CacheAnswer | None = None
    unserved: float | None = None
    why: str | None = None


class WhatIf:
    """Models of all deployments, fitted to a recording whose ``bill`` is known."""

    def __init__(self, recording: Recording, bill: Bill) -> None:
        self._recording = recording
        self._bill = bill
        by_name = {one.name: one for one in recording.service.deployments}
        self.measured: list[Measured] = measured(recording)
        self.models: list[DeploymentModel] = [
            deployment_model(one, by_name.get(one.name)) for one in self.measured
        ]
        self.why = self._unfit()
        self.as_it_was: Outcome | None = None
        if self.why is None:
            try:
                self.as_it_was = self._backtested()
            except NotSimulated as error:
                self.why = str(error)
        if self.as_it_was is not None:
            self.why = self._far_off(self.as_it_was)

    def answer(self, scenario: Scenario) -> Answer:
        """What it would have cost. Raises BadScenario for what this service cannot be asked."""
        assumptions = list(self._assumptions(scenario))
        spot = scenario.spot or 0.0
        factor = 1 - spot * self._recording.service.spot_discount
        if not scenario.simulated:
            needs = self._needs()
            outcome = self._as_measured(factor, needs)
            lost = unserved(needs, spot, self._recording.known) if spot else None
            return Answer(scenario, assumptions, self._bill.cost, outcome, unserved=lost)
        if self.why is not None or self.as_it_was is None:
            return Answer(scenario, assumptions, why=self.why)
        cache, misses = None, None
        if scenario.cache_ttl_s is not None:
            cache, misses = self._cached(scenario.cache_ttl_s)
            if why := cache.why or self._blurred(misses):
                return Answer(scenario, assumptions, cache=cache, why=why)
        try:
            return self._simulated(scenario, assumptions, factor, cache, misses)
        except NotSimulated as error:
            return Answer(scenario, assumptions, cache=cache, why=str(error))

    def _simulated(
        self,
        scenario: Scenario,
        assumptions: list[str],
        factor: float,
        cache: CacheAnswer | None,
        misses: tuple[str, Floats] | None,
    ) -> Answer:
        assert self.as_it_was is not None
        demands = self._demands(misses)
        between = None
        times = 1.0
        if scenario.layout not in (None, self._recording.service.layout):
            found = ratio(self._recording, scenario.layout)
            ends = [
                self._outcome(self._asked(demands, scenario, cpu), factor).cost
                for cpu in (found.least, found.most)
            ]
            between, times = (min(ends), max(ends)), found.median
        asked = self._asked(demands, scenario, times)
        runs = self._runs(asked)
        outcome = self._priced(asked, runs, factor)
        if between:
            between = min(*between, outcome.cost), max(*between, outcome.cost)
        lost = None
        if scenario.spot:
            needs = [
                Needs(run.replicas, one.work, one.capacity)
                for one, run in zip(asked, runs, strict=True)
            ]
            lost = unserved(needs, scenario.spot, self._recording.known)
        return Answer(
            scenario,
            assumptions,
            self.as_it_was.cost,
            outcome,
            between,
            cache,
            lost,
        )

    def _blurred(self, misses: tuple[str, Floats] | None) -> str | None:
        if not any(one.blurred for one in self.models if misses and one.name == misses[0]):
            return None
        return "missed keys went so closely with rows that nothing says what CPU one takes"

    def _asked(self, demands: list[Demand], scenario: Scenario, cpu: float) -> list[Demand]:
        layout = scenario.layout or self._recording.service.layout
        changed = converted(self._recording, demands, layout, cpu)
        if unknown := set(scenario.bounds) - {"", *(one.name for one in changed)}:
            names = ", ".join(one.name for one in changed)
            raise BadScenario(f"there is no deployment {unknown.pop()}: there are {names}")
        return [
            replace(one, autoscaling=bounded(one.autoscaling, one.name, scenario.bounds))
            for one in changed
        ]

    def _demands(self, misses: tuple[str, Floats] | None, *, trained: bool = False) -> list[Demand]:
        return [
            one.demand(misses[1] if misses and misses[0] == one.name else None, trained=trained)
            for one in self.models
        ]

    def _cached(self, ttl_s: float) -> tuple[CacheAnswer, tuple[str, Floats] | None]:
        looking = next((one for one in self.measured if one.misses.any()), self.measured[0])
        found = cache_answer(self._recording, looking.replicas, ttl_s)
        return found, None if found.misses is None else (looking.name, found.misses)

    def _outcome(self, demands: Sequence[Demand], factor: float) -> Outcome:
        return self._priced(demands, self._runs(demands), factor)

    def _runs(self, demands: Sequence[Demand]) -> list[Simulated]:
        known, step_s = self._recording.known, self._recording.span.step_s
        return [simulated(one, step_s, known) for one in demands]

    def _priced(
        self, demands: Sequence[Demand], runs: Sequence[Simulated], factor: float
    ) -> Outcome:
        known = self._recording.known
        cost = 0.0
        for one, run in zip(demands, runs, strict=True):
            hourly = (
                one.cpu * price(self._recording, "cpu")
                + one.gpu * price(self._recording, "gpu")
                + one.gib * price(self._recording, "memory")
            )
            cost += float((run.replicas * hourly)[known].sum()) * self._recording.hours
        return Outcome(
            cost * factor,
            *_crowding([run.busy for run in runs], known),
            {
                one.name: _scaling(run.replicas[known], run.busy[known])
                for one, run in zip(demands, runs, strict=True)
            },
        )

    def _needs(self) -> list[Needs]:
        return [
            Needs(one.replicas, one.cpu, capacity(one.reserved["cpu"])) for one in self.measured
        ]

    def _as_measured(self, factor: float, needs: list[Needs]) -> Outcome:
        known = self._recording.known
        shares = [one.cpu / np.maximum(one.replicas, 1) / one.capacity for one in needs]
        scaling = {
            one.name: _scaling(one.replicas[known], share[known])
            for one, share in zip(self.measured, shares, strict=True)
        }
        return Outcome(self._bill.cost * factor, *_crowding(shares, known), scaling)

    def _backtested(self) -> Outcome:
        """The service as it was, by the model; replicas by fits without the held-out part, and
        compared there."""
        demands = self._demands(None)
        found = self._outcome(demands, 1.0)
        known = self._recording.known
        out = held_out(known)
        for one, run in zip(
            self.measured, self._runs(self._demands(None, trained=True)), strict=True
        ):
            told = quality(one.replicas[out], run.replicas[out])
            found.scaling[one.name] = replace(found.scaling[one.name], quality=told)
        return found

    def _unfit(self) -> str | None:
        return next((one.why for one in self.models if one.why), None)

    def _far_off(self, outcome: Outcome) -> str | None:
        off = outcome.cost / self._bill.cost - 1 if self._bill.cost else 0.0
        if abs(off) > WORST_COST:
            return (
                f"what the model tells of the service as it was is {100 * off:+.0f} % off its "
                f"cost, and may be {100 * WORST_COST:.0f} % off"
            )
        for name, one in outcome.scaling.items():
            if one.quality and not one.quality.good:
                return (
                    f"the model does not tell the replicas that {name} had: "
                    f"{100 * one.quality.mape:.0f} % off on the held-out part"
                )
        return None

    def _assumptions(self, scenario: Scenario) -> Iterable[str]:
        if scenario.simulated:
            yield from (*OF_SERVICE, *OF_AUTOSCALER)
        if scenario.layout not in (None, self._recording.service.layout):
            yield from (*OF_LAYOUT, *(COLLAPSED if scenario.layout == "collapsed" else DISTRIBUTED))
        if scenario.cache_ttl_s is not None:
            yield from OF_CACHE
        if scenario.spot is not None:
            yield f"spot capacity costs {100 * self._recording.service.spot_discount:g} % less"
            yield from OF_SPOT


def _crowding(shares: Sequence[Floats], known: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The share of time above 80 %, and above all, of what the busiest deployment can do."""
    busiest = np.max(shares, axis=0)[known]
    return float((busiest > 0.8).mean()), float((busiest > 1).mean())


def _scaling(replicas: Floats, busy: Floats) -> Scaling:
    return Scaling(float(replicas.mean()), float(replicas.max()), float(busy.mean()))
