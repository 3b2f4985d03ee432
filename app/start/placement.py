"""Whether a cluster could ever place the graph. Ray itself would wait for ever, silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shares:
    """What one deployment asks for at least: ``replicas`` times ``resources``."""

    name: str
    replicas: int
    resources: Mapping[str, float]


def shortage(deployments: Sequence[Shares], nodes: Sequence[Mapping[str, float]]) -> str | None:
    """What is missing, in words, on ``nodes`` with these total resources; None if it may fit."""
    for deployment in deployments:
        if not any(_fits(deployment.resources, node) for node in nodes):
            return (
                f"a replica of {deployment.name} needs {_words(deployment.resources)}, "
                f"and no node has that much (there are {_nodes(nodes)}): "
                "lower its ray_actor_options or add such a node"
            )
    needed: dict[str, float] = {}
    for deployment in deployments:
        for resource, amount in deployment.resources.items():
            needed[resource] = needed.get(resource, 0.0) + amount * deployment.replicas
    for resource, amount in needed.items():
        total = sum(node.get(resource, 0.0) for node in nodes)
        if amount > total + 1e-9:
            parts = " + ".join(
                f"{deployment.name} {deployment.replicas} x {deployment.resources[resource]:g}"
                for deployment in deployments
                if resource in deployment.resources
            )
            return (
                f"its smallest form needs {amount:g} {resource} ({parts}), the cluster has "
                f"{total:g}: lower ray_actor_options or min_replicas, or add nodes"
            )
    return None


def _fits(resources: Mapping[str, float], node: Mapping[str, float]) -> bool:
    return all(node.get(resource, 0.0) >= amount for resource, amount in resources.items())


def _words(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())


def _nodes(nodes: Sequence[Mapping[str, float]]) -> str:
    return "; ".join(f"{node.get('CPU', 0):g} CPU, {node.get('GPU', 0):g} GPU" for node in nodes)
