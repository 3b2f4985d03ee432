"""What Serve says of the replicas of a running graph, from the REST API of Ray's dashboard."""

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ADDRESS = re.compile(r"dashboard at.*?(https?://[\w.\-]+:\d+)")


class DashboardError(Exception):
    """The dashboard could not be asked; the message says why."""


@dataclass(frozen=True)
class Replica:
    """One replica of a deployment; ``state`` is Serve's word, RUNNING where it serves."""

    deployment: str
    id: str
    state: str
    pid: int | None


class Dashboard:
    """The dashboard at an address, without authentication: as a benchmark starts it."""

    def __init__(self, address: str, timeout_s: float = 5.0) -> None:
        self._url = f"{address}/api/serve/applications/"
        self._timeout_s = timeout_s

    def replicas(self, application: str = "windsock") -> list[Replica]:
        """All that there are now, in whatever state. Raises DashboardError."""
        try:
            with urllib.request.urlopen(self._url, timeout=self._timeout_s) as answer:
                document = json.load(answer)
        except (OSError, ValueError) as error:
            raise DashboardError(f"{self._url}: {error}") from error
        return replicas_in(document, application)


def address_in(log: str) -> str:
    """Where ``serve run`` says that the dashboard is: 8265, or the next port that was free.
    Raises DashboardError."""
    found = _ADDRESS.search(log)
    if found is None:
        raise DashboardError("serve run did not say where its dashboard is")
    return found[1]


def replicas_in(document: Mapping[str, Any], application: str) -> list[Replica]:
    """The replicas of one application in the answer of the REST API."""
    deployments = document["applications"].get(application, {}).get("deployments", {})
    return [
        Replica(name, replica["replica_id"], replica["state"], replica.get("pid"))
        for name, deployment in deployments.items()
        for replica in deployment["replicas"]
    ]
