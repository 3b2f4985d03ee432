"""Whether a row gets through every stage now, and how it is answered: what the health of every
protocol tells."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from app.serving.answers import refusal
from app.serving.chain import BatchResult
from deployments.frames import Status
from deployments.log import get_logger

logger = get_logger(__name__)

HealthStatus = Literal["ok", "degraded", "unavailable", "starting"]
_FROM_BEST: list[HealthStatus] = ["ok", "degraded", "unavailable", "starting"]

Silent = Callable[[], Mapping[str, str]]
"""By the names of their deployments the stages that cannot be reached now, and why not."""
Ejected = Callable[[], Mapping[str, Sequence[str]]]
"""In the same way the replicas that get no batch while others are there."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``status``: ok; degraded: answers are given, and flagged; unavailable: none is; starting: no
    version serves yet. ``ready`` is stricter: a row gets through every stage, whatever would stand
    in for one."""

    status: HealthStatus
    ready: bool
    problem: str | None = None


STARTING = Condition("starting", ready=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a batch has shown last: ``why`` its rows had no answer, where none had; the ``views``
    that were stale or defaulted in each of them; the stages that were silent ``despite`` which they
    were answered."""

    why: str | None = None
    views: frozenset[str] = frozenset()
    despite: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ran: BatchResult) -> Self:
        """Of a batch that got through."""
        states = ran.found.views
        if states is None or not states.names:
            return cls()
        worse = (states.status == Status.STALE) | (states.status == Status.DEFAULTED)
        views = [name for name, all_ in zip(states.names, worse.all(axis=1), strict=True) if all_]
        refused = states.refused
        if refused is None or (refused < 0).any():
            return cls(views=frozenset(views))
        # Of a row that is out of date, or that the store does not have, others tell nothing.
        rows = np.arange(ran.found.rows)
        if (states.status[refused, rows] != Status.DEFAULTED).any():
            return cls(views=frozenset(views))
        why = refusal(states.names[refused[0]], Status.DEFAULTED, np.nan).message
        return cls(why, frozenset(views))

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self == _SOUND


_SOUND = Evidence()


class Readiness:
    """The condition of each model, by the last ``Evidence`` and by what the layout knows."""

    def __init__(self, silent: Silent = dict, ejected: Ejected = dict) -> None:
        self.silent = silent
        self._ejected = ejected
        self._evidence: dict[str, Evidence] = {}

    def tell(self, model: str, evidence: Evidence) -> None:
        """What is known of a model from now on. A change is logged."""
        before = self._evidence.get(model, _SOUND)
        self._evidence[model] = evidence
        if evidence.why and not before.why:
            logger.error("%s is not ready: %s", model, evidence.why)
        elif before.why and not evidence.why:
            logger.info("%s answers again", model)

    def of(self, model: str) -> Condition:
        """The condition of a model that has a version in service."""
        evidence, silent = self._evidence.get(model, _SOUND), self.silent()
        problems = [f"{stage}: {why}" for stage, why in silent.items()]
        if evidence.why and (evidence.views or not silent):
            problems.append(evidence.why)
        elif evidence.views and not silent:
            views = ", ".join(sorted(evidence.views))
            problems.append(f"no row is fresh in {views}: its store is away, or it is out of date")
        problems += [
            f"{stage}: replica {', '.join(replicas)} is late, others are asked where there are any"
            for stage, replicas in self._ejected().items()
            if replicas and stage not in silent
        ]
        problem = "; ".join(problems) or None
        if evidence.why or not silent.keys() <= evidence.despite:
            return Condition("unavailable", ready=False, problem=problem)
        degraded = bool(silent or evidence.views)
        return Condition("degraded" if degraded else "ok", ready=not silent, problem=problem)


def together(conditions: Iterable[Condition]) -> Condition:
    """The condition of a server of these models: the worst of them."""
    each = list(conditions)
    status = max((one.status for one in each), key=_FROM_BEST.index)
    problems = dict.fromkeys(one.problem for one in each if one.problem)
    return Condition(status, all(one.ready for one in each), "; ".join(problems) or None)
