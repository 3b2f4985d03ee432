"""Whether a cluster could ever place the graph. Ray itself would wait for ever, silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Shares:
    """What one deployment asks for at least: ``replicas`` times ``resources``. One that ``surges``
    starts a new replica before it stops an old one."""

    name: str
    replicas: int
    resources: Mapping[str, float]
    surges: bool = False


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


def stuck_updates(deployments: Sequence[Shares], nodes: Sequence[Mapping[str, float]]) -> list[str]:
    """Which deployments of a graph that fits could never be updated, in words with what to do:
    Ray would wait for room for one more replica for ever."""
    if not _pack(deployments, nodes):
        return []
    return [
        f"an update of {one.name} has no room: its new replica needs {_words(one.resources)} while "
        f"the old ones serve (there are {_nodes(nodes)}), and would wait for ever. Lower its "
        "ray_actor_options, add a node, or set its max_surge_percent: 0, with which an old replica "
        "stops before the new one starts"
        for one in deployments
        if one.surges and one.replicas
        if not _pack([*deployments, replace(one, replicas=1)], nodes)
    ]


def _pack(deployments: Sequence[Shares], nodes: Sequence[Mapping[str, float]]) -> bool:
    """Whether all replicas find a node, the largest first."""
    left = [dict(node) for node in nodes]
    replicas = [one.resources for one in deployments for _ in range(one.replicas)]

    def size(needed: Mapping[str, float]) -> float:
        largest = {name: max(node.get(name, 0.0) for node in nodes) for name in needed}
        return max((needed[name] / (largest[name] or 1.0) for name in needed), default=0.0)

    for needed in sorted(replicas, key=size, reverse=True):
        room = next((node for node in left if _fits(needed, node)), None)
        if room is None:
            return False
        for resource, amount in needed.items():
            room[resource] -= amount
    return True


def _fits(resources: Mapping[str, float], node: Mapping[str, float]) -> bool:
    return all(node.get(resource, 0.0) + 1e-9 >= amount for resource, amount in resources.items())


def _words(resources: Mapping[str, float]) -> str:
    return " and ".join(f"{amount:g} {name}" for name, amount in resources.items())


def _nodes(nodes: Sequence[Mapping[str, float]]) -> str:
    return "; ".join(f"{node.get('CPU', 0):g} CPU, {node.get('GPU', 0):g} GPU" for node in nodes)
