"""What limits tell Prometheus, through Ray."""

from ray.serve.metrics import Gauge


def alone_gauge() -> Gauge:
    """Whether this replica has nobody to count with, though it should."""
    description = "1: limits cannot be counted together with other replicas, Redis does not answer"
    return Gauge("windsock_quota_alone", description)
