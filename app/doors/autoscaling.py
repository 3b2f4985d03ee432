"""The load of an ingress that has two doors."""

from typing import Any

from ray.serve.config import AutoscalingContext

UNSEEN_REQUESTS = "unseen_requests"
"""The name under which replicas report what Serve does not see: requests under way in their fast
lanes, and rows on their streams."""


def both_doors(context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
    """Replicas wanted: requests under way, whichever way they came, per
    ``target_ongoing_requests``. Serve applies bounds, factors and delays to it."""
    unseen = (context.aggregated_metrics or {}).get(UNSEEN_REQUESTS, {})
    ongoing = context.total_num_requests + sum(unseen.values())
    assert context.config is not None
    return ongoing / context.config.get_target_ongoing_requests(), {}
