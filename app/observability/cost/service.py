"""What the config says of the service that was recorded: how it scales, and what it reserves."""

from typing import Any

from deployments.strict import StrictModel


class Scaled(StrictModel):
    """One deployment: what a replica reserves, and how Serve scales it."""

    name: str
    cpu: float
    gpu: float
    autoscaling: dict[str, Any] | None
    """``autoscaling_config`` as the config has it; None where replicas are fixed."""


class Service(StrictModel):
    """The graph, as far as its cost depends on it."""

    application: str | None = None
    """Whose metrics are meant, where Prometheus knows several; None where there is one."""
    layout: str
    deployments: list[Scaled]
    cache_ttl_s: float
    cache_rows: int
    currency: str
    spot_discount: float


def scaled(options: dict[str, Any]) -> Scaled:
    """Of a deployment's options, with ours where the config says nothing."""
    actor = options.get("ray_actor_options") or {}
    autoscaling = options.get("autoscaling_config")
    return Scaled(
        name=options["name"],
        cpu=actor.get("num_cpus", 1.0),
        gpu=actor.get("num_gpus", 0.0) or 0.0,
        autoscaling=dict(autoscaling) if autoscaling else None,
    )
