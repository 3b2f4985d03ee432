"""One decision of Serve's autoscaler, at an instant that the caller names.

**Why.** The policy is public, and what Serve does with its answer is not: factors, delays, by the
clock of the wall. What a recorded day would have cost with other bounds is asked by a clock of its
own.
**To see it.** ``ray.serve.autoscaling_policy`` has no public function that takes an instant.
**When Ray mends it.** Once there is one, call that; delete this file.
"""

import math
from typing import Any

from ray.serve import autoscaling_policy
from ray.serve.config import AutoscalingConfig


class Decisions:
    """Of one deployment, in order of time."""

    def __init__(self, config: AutoscalingConfig) -> None:
        self._config = config
        self._target_ongoing = float(config.get_target_ongoing_requests())
        self._state: dict[str, Any] = {}

    def bounded(self, replicas: int) -> int:
        """Within ``min_replicas`` and ``max_replicas``."""
        return max(self._config.min_replicas, min(self._config.max_replicas, replicas))

    def wanted(self, ongoing: float, current: int) -> int:
        """What the policy wants, factors applied and bounds, before delays: ``ongoing`` requests
        per ``target_ongoing_requests``, for Serve's own policy and ours of two doors alike."""
        return self.bounded(
            autoscaling_policy._apply_scaling_factors(
                ongoing / self._target_ongoing, current, self._config
            )
        )

    def decided(self, ongoing: float, current: int, target: int, now: float) -> int:
        """The new target, with ``current`` replicas running and ``target`` wanted before."""
        if current == 0:
            started = math.ceil(self._config.get_upscaling_factor())
            return self.bounded(max(started, target) if ongoing > 0 else target)
        wanted = autoscaling_policy._apply_scaling_factors(
            ongoing / self._target_ongoing, current, self._config
        )
        decided, self._state = autoscaling_policy._apply_delay_logic(
            max(0, wanted), target, self._config, self._state, _now=now
        )
        return self.bounded(int(decided))
