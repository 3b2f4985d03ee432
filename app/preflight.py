"""What must hold before the first replica starts: a whole bundle, its features, and room."""

from collections.abc import Sequence

import ray
from ray.serve.exceptions import RayServeException

from app.config import GraphArgs
from app.placement import Shares, shortage
from deployments.bundle.bundle import LATEST, BundleError, BundleStore
from deployments.features.lookup import open_store
from deployments.features.plan import ServiceError, checked_plan


class GraphRefused(RayServeException):
    """Start-up stops here. Serve shows the message of its own exceptions without a traceback."""


def check(args: GraphArgs, version: str = LATEST) -> None:
    """Check bundle and feature registry. Raises GraphRefused, in one sentence."""
    try:
        bundle = BundleStore(args.model.directory, args.model.name).open(version)
        store = open_store(args.feature_store.repo, args.feature_store.yaml)
        checked_plan(store, bundle.manifest.service)
    except (BundleError, ServiceError) as error:
        raise GraphRefused(str(error)) from error


def check_room(deployments: Sequence[Shares]) -> None:
    """Check that the cluster could place the graph at its smallest. Raises GraphRefused."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    missing = shortage(deployments, nodes)
    if missing:
        raise GraphRefused(f"this cluster can never place the graph: {missing}")
