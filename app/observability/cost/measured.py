"""A recording as a model of the service takes it: by deployment, by step."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.observability.cost.recording import Recording

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OWN_STAGE = {"Features": "lookup", "Preprocess": "preprocess", "Model": "model"}
INGRESS = "Ingress"


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one deployment; arrays are [steps]. ``cpu`` is in CPUs, ``calls`` per second, ``ongoing``
    the mean number of them under way; ``rows``, ``batches``, ``requests`` and ``misses`` (keys that
    the row cache had not) per second are what may explain its CPU: zeros where they do not."""

    name: str
    replicas: Floats
    reserved: dict[str, float]
    """Of one replica, by resource, on average."""
    cpu: Floats
    calls: Floats
    ongoing: Floats
    rows: Floats
    batches: Floats
    requests: Floats
    misses: Floats
    fair: Flags
    """Whether a step is known, and no replica came or went, which takes CPU of its own."""


def measured(recording: Recording) -> list[Measured]:
    """All deployments that the recording knows, the ingress first."""
    names = [name for (name,) in recording.labels("replicas", "stage")]
    return [
        _of(recording, name, INGRESS in names and len(names) == 1)
        for name in sorted(names, key=lambda name: (name != INGRESS, name))
    ]


def _of(recording: Recording, name: str, collapsed: bool) -> Measured:
    ingress = name == INGRESS
    batches = recording.values("batches")
    requests = recording.values("requests") + recording.values("stream_rows")
    replicas = recording.values("replicas", stage=name)
    nothing = np.zeros(recording.span.steps)
    looks_up = name == "Features" or (ingress and collapsed)
    if ingress:
        ongoing = recording.values("request_seconds") + recording.values("stream_seconds")
    else:
        ongoing = recording.values("stage_seconds", stage=OWN_STAGE.get(name, ""))
    return Measured(
        name=name,
        replicas=replicas,
        reserved={
            resource: _per_replica(
                recording.values("reserved", stage=name, resource=resource), replicas
            )
            for resource in ("cpu", "gpu", "memory")
        },
        cpu=recording.values("cpu", stage=name),
        calls=requests if ingress else batches,
        ongoing=ongoing,
        rows=recording.values("rows"),
        batches=batches,
        requests=requests if ingress else nothing,
        misses=recording.values("cache_rows", outcome="miss") if looks_up else nothing,
        fair=_fair(recording, name, replicas),
    )


def _per_replica(reserved: Floats, replicas: Floats) -> float:
    seen = replicas.sum()
    return float(reserved.sum() / seen) if seen else 0.0


def _fair(recording: Recording, name: str, replicas: Floats) -> Flags:
    known = recording.known & np.isfinite(recording.whole("cpu", gaps=True, stage=name))
    steady = np.ones(len(replicas), bool)
    steady[1:] &= replicas[1:] == replicas[:-1]
    # A rate looks back over its step, and a replica that starts is counted when it is there.
    steady[:-1] &= steady[1:]
    fair: Flags = known & steady & (replicas > 0)
    return fair
