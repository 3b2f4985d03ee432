"""What Serve is told of each deployment, where the config file does not say otherwise: how it
scales, what it may hold, how it is replaced. An option that the file has replaces the whole option.

CPU shares are what Ray reserves, not a cap. They add up to 1.0 of CPU, so that on two cores every
replica can be replaced by a new one before the old one stops.
"""

from collections.abc import Mapping
from typing import Any

Options = Mapping[str, Any]
"""Arguments of Serve's ``Deployment.options``, which a deployment in the config file has, too."""

_EVERY: Options = {
    # A dead process is seen at once; this is for one that hangs, which is replaced after one check.
    "health_check_period_s": 2,
    "health_check_timeout_s": 6,
    "graceful_shutdown_wait_loop_s": 1,
    # Batches end in milliseconds; the rest is for large requests.
    "graceful_shutdown_timeout_s": 20,
    # A new replica is up before an old one goes: no gap. Rounded up, so that this is one at a time
    # for up to four of them: what starts takes the processor from what serves.
    "max_surge_percent": 25,
    # Per caller; a net: the edge bounds its own queue.
    "max_queued_requests": 512,
}


def _between_one_and_two(ongoing: float, **more: Any) -> Options:
    return {
        "min_replicas": 1,
        "max_replicas": 2,
        "target_ongoing_requests": ongoing,
        # How often load is reported; these three add up to the lag, which is short beside the 10 s
        # that a replica takes to start, and long enough for a burst that the queue absorbs.
        "metrics_interval_s": 1,
        "look_back_period_s": 3,
        "upscale_delay_s": 2,
        # Keeping a replica is cheap, starting one takes 10 s.
        "downscale_delay_s": 120,
        **more,
    }


_INGRESS: Options = {
    **_EVERY,
    # More than the edge's own queue and batches hold (4096 + 2 x 256), so that it is the edge that
    # refuses, with a proper error body; requests wait where they can be batched.
    "max_ongoing_requests": 8192,
    "backpressure_config": {"status_code": 429, "retry_after_s": 1},
    # Past 128 p99 grows with the queue. Serve sees the requests of its own door only; the policy
    # adds those of the fast lane.
    "autoscaling_config": _between_one_and_two(
        128, policy={"policy_function": "app.doors.autoscaling:both_doors"}
    ),
}
# An ingress has two batches under way; where both are at one stage, that stage is the bottleneck
# and gets a replica.
_STAGE: Options = {**_EVERY, "autoscaling_config": _between_one_and_two(1.5)}

OPTIONS: Mapping[str, Mapping[str, Options]] = {
    "distributed": {
        # HTTP and JSON: the busiest process of the graph.
        "Ingress": {**_INGRESS, "ray_actor_options": {"num_cpus": 0.4}},
        # It mostly waits for the store, or hits its cache. Eight is twice what two ingress replicas
        # have under way.
        "Features": {**_STAGE, "ray_actor_options": {"num_cpus": 0.2}, "max_ongoing_requests": 8},
        # A fraction of a millisecond a batch.
        "Preprocess": {**_STAGE, "ray_actor_options": {"num_cpus": 0.1}, "max_ongoing_requests": 8},
        # serve.batch wants room for a batch of single rows.
        "Model": {
            **_STAGE,
            "ray_actor_options": {"num_cpus": 0.3, "num_gpus": 0},
            "max_ongoing_requests": 1024,
        },
    },
    "collapsed": {"Ingress": {**_INGRESS, "ray_actor_options": {"num_cpus": 1.0, "num_gpus": 0}}},
}
"""By layout and by deployment: all that there are."""
