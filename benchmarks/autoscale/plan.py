"""The load step, and the graph that it meets."""

import os
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import windsock
from benchmarks.contenders import FAST_PORT, PORT
from benchmarks.load.opened import Step

SHIPPED_REPLICAS = 2


@dataclass(frozen=True)
class Plan:
    """Idle, then ``factor`` times the capacity of one replica, then idle until its replicas are
    gone. Idle is a trickle, so that a request lost as a replica leaves would show.

    Clients keep ``connections`` open, each for ``reuse`` requests, and give a request up that finds
    none free for ``patience_s``: no one waits for ever at a service that is overrun.
    """

    factor: float = 3.0
    before_s: float = 15.0
    step_s: float = 60.0
    after_s: float = 40.0
    trickle: float = 20.0
    connections: int = 512
    reuse: int = 50
    patience_s: float = 1.0
    downscale_delay_s: float | None = None
    max_replicas: int = SHIPPED_REPLICAS

    @property
    def end_s(self) -> float:
        """When the step ends."""
        return self.before_s + self.step_s

    def steps(self, capacity: float, downscale_delay_s: float) -> list[Step]:
        """The rates of the open loop; ``after_s`` comes on top of the delay of the config."""
        return [
            (self.trickle, self.before_s),
            (self.factor * capacity, self.step_s),
            (self.trickle, downscale_delay_s + self.after_s),
        ]


SHIPPED = Plan()
QUICK = replace(SHIPPED, step_s=35.0, after_s=30.0, downscale_delay_s=10.0)


def document(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """The collapsed graph with the shipped autoscaling values, and what matters of them."""
    config = windsock.config("collapsed", PORT, FAST_PORT, replicas=(1, plan.max_replicas))
    (ingress,) = config["applications"][0]["deployments"]
    scaling, options = ingress["autoscaling_config"], ingress["ray_actor_options"]
    if plan.downscale_delay_s is not None:
        scaling["downscale_delay_s"] = plan.downscale_delay_s
    # Shares say what is placed where, and are no caps: all that are wanted must have room.
    cores = len(os.sched_getaffinity(0))
    options["num_cpus"] = min(options["num_cpus"], cores / plan.max_replicas)
    shown = {name: value for name, value in scaling.items() if name != "policy"}
    return config, shown | {"num_cpus": options["num_cpus"]}
