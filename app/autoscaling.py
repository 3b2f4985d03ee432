"""The load of an ingress that has two doors."""

from typing import Any

from ray.serve.config import AutoscalingContext

FAST_LANE_REQUESTS = "fast_lane_requests"
"""The name under which replicas report what is under way in their fast lanes."""


def both_doors(context: AutoscalingContext) -> tuple[float, dict[str, Any]]:
    """Replicas wanted: requests under way, whichever door they came through, per
    ``target_ongoing_requests``. Serve applies bounds, factors and delays to it."""
    fast_lane = (context.aggregated_metrics or {}).get(FAST_LANE_REQUESTS, {})
    ongoing = context.total_num_requests + sum(fast_lane.values())
    assert context.config is not None
    return ongoing / context.config.get_target_ongoing_requests(), {}
