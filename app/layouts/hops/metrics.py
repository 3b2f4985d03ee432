"""What hops tell Prometheus, through Ray."""

from ray.serve.metrics import Counter, Gauge


class HopMetrics:
    """Of one stage."""

    def __init__(self, stage: str) -> None:
        self._limits = Counter(
            "windsock_hop_limits",
            "Limits that batches passed without an answer of a stage: `first`, after which they go "
            "to another replica as well, and `second`, after which they fail",
            tag_keys=("stage", "limit"),  # type: ignore[arg-type]  # annotated as of one
        )
        self._ejected = Gauge(
            "windsock_ejected_replicas",
            "Replicas of a stage that get no batch while others are there: they do not answer",
            tag_keys=("stage",),
        )
        self._tags = {"stage": stage}
        self._ejected.set(0, tags=self._tags)

    def passed(self, second: bool) -> None:
        """Count a limit."""
        self._limits.inc(tags=self._tags | {"limit": "second" if second else "first"})

    def ejected(self, replicas: int) -> None:
        """Tell how many are left out."""
        self._ejected.set(replicas, tags=self._tags)
