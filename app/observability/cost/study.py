"""All that ``windsock cost`` tells of a recording."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np

from app.observability.cost.bill import Bill, bill
from app.observability.cost.recording import Recording
from app.observability.cost.scenario import BadScenario, Scenario, bounded, scenario
from app.observability.cost.service import Service
from app.observability.cost.service_model import DeploymentModel
from app.observability.cost.what_if import Answer, Outcome, WhatIf


@dataclass(frozen=True, slots=True)
class Study:
    """What it cost, the models with how well they fit, and the answers to what was asked."""

    recording: Recording
    bill: Bill
    models: list[DeploymentModel]
    as_it_was: Outcome | None
    """What the model tells of the service as it was, beside the bill."""
    why: str | None
    """Why the model must not be used, if so."""
    answers: list[Answer]


def study(recording: Recording, asked: Sequence[Scenario], idle_below: float = 0.1) -> Study:
    """Raises Unreadable for a recording without costs, BadScenario for what cannot be asked of its
    service."""
    recording.check()
    for one in asked:
        _check_bounds(recording.service, one)
    told = bill(recording, idle_below)
    if not asked:
        return Study(recording, told, [], None, None, [])
    models = WhatIf(recording, told)
    answers = [models.answer(one) for one in asked]
    return Study(recording, told, models.models, models.as_it_was, models.why, answers)


def usual(service: Service) -> list[Scenario]:
    """One of each kind, where nothing in particular is asked."""
    scaling = [one.autoscaling for one in service.deployments if one.autoscaling]
    most = max((one.get("max_replicas", 1) for one in scaling), default=None)
    other = "collapsed" if service.layout == "distributed" else "distributed"
    texts = [
        *(
            [f"max_replicas={1 if most > 1 else 2}"]
            if most and len(scaling) == len(service.deployments)
            else []
        ),
        f"layout={other}",
        *([f"cache_ttl_s={2 * service.cache_ttl_s:g}"] if service.cache_rows else []),
        "spot=0.5",
    ]
    return [scenario(text) for text in texts]


def plain(told: Study) -> dict[str, Any]:
    """As JSON has it: shares from 0 to 1, null for what is not known."""
    span = told.recording.span
    return {
        "currency": told.recording.service.currency,
        "begin": span.begin,
        "end": span.end,
        "step_s": span.step_s,
        "bill": {
            **_plain(told.bill),
            "per_hour": told.bill.per_hour,
            "per_thousand": told.bill.per_thousand,
        },
        "model": {
            "usable": told.why is None,
            "why": told.why,
            "as_it_was": _plain(told.as_it_was),
            "deployments": {
                one.name: {
                    "why": one.why,
                    "cpu": {"quality": _plain(one.cpu.quality), **_plain(one.cpu.model)},
                    "ongoing": {
                        "quality": _plain(one.ongoing.quality),
                        **_plain(one.ongoing.model),
                    },
                }
                for one in told.models
            },
        },
        "what_if": [_answer(one) for one in told.answers],
    }


def _answer(one: Answer) -> dict[str, Any]:
    cache = None
    if one.cache:
        cache = {**_plain(one.cache), "misses": None}
        del cache["misses"]
    return {**_plain(one), "scenario": one.scenario.text, "cache": cache}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _check_bounds(service: Service, asked: Scenario) -> None:
    """Before anything is reckoned: a typing error is told at once."""
    if asked.layout not in (None, service.layout):
        return  # whose deployments are others
    names = [one.name for one in service.deployments]
    if unknown := set(asked.bounds) - {"", *names}:
        raise BadScenario(f"there is no deployment {unknown.pop()!r}: there are {', '.join(names)}")
    for one in service.deployments:
        bounded(one.autoscaling, one.name, asked.bounds)
