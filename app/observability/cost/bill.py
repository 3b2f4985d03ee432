"""What a recorded span cost, and what of it was idle: sums of what was measured, no model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.observability.cost.recording import Recording

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Of a deployment: money by resource, and hours of replicas."""

    deployment: str
    replica_hours: float
    by_resource: dict[str, float]

    @property
    def cost(self) -> float:
        """In all."""
        return sum(self.by_resource.values())


@dataclass(frozen=True, slots=True)
class VersionLine:
    """Of a version of a model; without a model it is what nothing was asked for."""

    model: str
    version: str
    cost: float
    rows: float

    @property
    def per_thousand(self) -> float | None:
        """Money per 1,000 rows; None where there were none."""
        return 1000 * self.cost / self.rows if self.rows > 0 else None


@dataclass(frozen=True, slots=True)
class Idle:
    """``unused`` is the share of reserved CPU that was not taken, ``money`` what that share cost.
    ``quiet_hours`` are those in which less than ``below`` of it was taken, ``silent_hours`` those
    in which nothing was asked, with their money."""

    unused: float
    money: float
    below: float
    quiet_hours: float
    quiet_money: float
    silent_hours: float
    silent_money: float


@dataclass(frozen=True, slots=True)
class Bill:
    """Money is in the currency of the recording. ``reserved_cost`` is the same total from prices
    and reservations, beside what replicas counted."""

    hours: float
    known_hours: float
    cost: float
    reserved_cost: float
    rows: float
    lines: list[Line]
    versions: list[VersionLine]
    idle: Idle | None
    """None where no CPU was recorded."""

    @property
    def per_hour(self) -> float:
        """Over the hours that are known."""
        return self.cost / self.known_hours if self.known_hours else 0.0

    @property
    def per_thousand(self) -> float | None:
        """Money per 1,000 rows predicted for; None where there were none."""
        return 1000 * self.cost / self.rows if self.rows > 0 else None


def bill(recording: Recording, below: float = 0.1) -> Bill:
    """Of all that is known of the span."""
    hours = recording.hours
    lines = [_line(recording, stage) for (stage,) in recording.labels("replicas", "stage")]
    cost = sum(line.cost for line in lines)
    reserved = sum(
        (recording.values("reserved", resource=resource) * price(recording, resource)).sum() * hours
        for resource in ("cpu", "gpu", "memory")
    )
    return Bill(
        hours=recording.span.steps * hours,
        known_hours=float(recording.known.sum()) * hours,
        cost=cost,
        reserved_cost=float(reserved),
        rows=float(recording.values("rows").sum()) * recording.span.step_s,
        lines=lines,
        versions=_versions(recording, cost),
        idle=_idle(recording, below),
    )


def price(recording: Recording, resource: str) -> Floats:
    """[steps]: per hour; where a step is not known, that of the step before."""
    told = recording.whole("price", gaps=True, resource=resource)
    known = np.flatnonzero(np.isfinite(told))
    if not len(known):
        return np.zeros(len(told))
    places = np.maximum(np.searchsorted(known, np.arange(len(told)), side="right") - 1, 0)
    filled: Floats = told[known[places]]
    return filled


def _line(recording: Recording, stage: str) -> Line:
    seconds = recording.span.step_s
    return Line(
        stage,
        float(recording.values("replicas", stage=stage).sum()) * recording.hours,
        {
            resource: float(recording.values("cost", stage=stage, resource=resource).sum())
            * seconds
            for resource in ("cpu", "gpu", "memory")
        },
    )


def _versions(recording: Recording, cost: float) -> list[VersionLine]:
    seconds, hours = recording.span.step_s, recording.hours
    named = sorted(
        {
            *recording.labels("cost_by_version", "model", "version"),
            *recording.labels("rows", "model", "version"),
        }
    )
    found = [
        VersionLine(
            model,
            version,
            float(recording.values("cost_by_version", model=model, version=version).sum()) * hours,
            float(recording.values("rows", model=model, version=version).sum()) * seconds,
        )
        for model, version in named
    ]
    nobody = cost - sum(one.cost for one in found)
    if nobody < 1e-9 * cost:  # what is left of rounding
        nobody = 0.0
    return [*found, VersionLine("", "", nobody, 0.0)]


def _idle(recording: Recording, below: float) -> Idle | None:
    if not recording.labels("cpu", "stage"):
        return None
    stages = [stage for (stage,) in recording.labels("replicas", "stage")]
    reserved = {
        stage: recording.values("reserved", stage=stage, resource="cpu") for stage in stages
    }
    # What a deployment takes beyond what it reserves is nobody's idleness.
    used = {s: np.minimum(recording.values("cpu", stage=s), reserved[s]) for s in stages}
    whole = np.sum(list(reserved.values()), axis=0)
    taken = np.sum(list(used.values()), axis=0)
    money = recording.values("cost") * recording.span.step_s
    quiet = recording.known & (taken < below * whole)
    silent = recording.known & (recording.values("requests") + recording.values("rows") <= 0)
    unpaid = (whole - taken) * price(recording, "cpu")
    return Idle(
        unused=1 - float(taken.sum() / whole.sum()) if whole.sum() > 0 else 0.0,
        money=float(unpaid.sum()) * recording.hours,
        below=below,
        quiet_hours=float(quiet.sum()) * recording.hours,
        quiet_money=float(money[quiet].sum()),
        silent_hours=float(silent.sum()) * recording.hours,
        silent_money=float(money[silent].sum()),
    )
