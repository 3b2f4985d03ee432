from typing import Any

import pytest
from ray.serve._private.common import DeploymentID, ReplicaID
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from app.doors.autoscaling import UNSEEN_REQUESTS, both_doors

INGRESS = DeploymentID("Ingress", "windsock")


def context(ongoing: float, unseen: list[float] | None, **config: Any) -> AutoscalingContext:
    replicas = [ReplicaID(f"r{place}", INGRESS) for place in range(2)]
    metrics = {UNSEEN_REQUESTS: dict(zip(replicas, unseen, strict=False))} if unseen else None
    return AutoscalingContext(
        deployment_id=INGRESS,
        deployment_name="Ingress",
        app_name="windsock",
        current_num_replicas=1,
        target_num_replicas=1,
        running_replicas=replicas,
        total_num_requests=ongoing,
        total_queued_requests=0,
        aggregated_metrics=metrics,
        raw_metrics=None,
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=8,
        policy_state={},
        last_scale_up_time=None,
        last_scale_down_time=None,
        current_time=0.0,
        config=AutoscalingConfig(target_ongoing_requests=10, **config),
    )


@pytest.mark.parametrize(
    ("ongoing", "unseen", "wanted"),
    [(0.0, None, 0.0), (20.0, None, 2.0), (0.0, [25.0, 5.0], 3.0), (20.0, [10.0], 3.0)],
)
def test_the_load_of_both_doors_counts(
    ongoing: float, unseen: list[float] | None, wanted: float
) -> None:
    assert both_doors(context(ongoing, unseen)) == (wanted, {})
