"""What Serve says of the replicas of a running graph, from the REST API of Ray's dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from app.start import serve_log
from app.start.dashboard import applications
from benchmarks.unmeasured import Unmeasured


class DashboardError(Unmeasured):
    """The dashboard could not be asked; the message says why."""


@dataclass(frozen=True)
class Replica:
    """One replica of a deployment; ``state`` is Serve's word, RUNNING where it serves."""

    deployment: str
    id: str
    state: str
    pid: int | None


def replicas(client: httpx.Client, address: str, application: str = "windsock") -> list[Replica]:
    """All that there are now, in whatever state. Raises DashboardError."""
    known = applications(client, address)
    if not known:
        raise DashboardError(f"the dashboard at {address} tells of no application")
    return replicas_in(known, application)


def address_in(log: str) -> str:
    """Where Ray says that the dashboard is: 8265, or the next port that was free. Raises
    DashboardError."""
    found = serve_log.address_in(log)
    if found is None:
        raise DashboardError("Ray did not say where its dashboard is")
    return found


def replicas_in(applications: Mapping[str, Any], application: str) -> list[Replica]:
    """The replicas of one application, of all that the REST API tells of."""
    deployments = applications.get(application, {}).get("deployments", {})
    return [
        Replica(name, replica["replica_id"], replica["state"], replica.get("pid"))
        for name, deployment in deployments.items()
        for replica in deployment["replicas"]
    ]
