"""Serve's own choice of a replica, among those that answer.

Ray sends this module's code to whoever routes, as a copy: what is to be shared with the rest of the
process stands in other modules.
"""

from typing import Any

from ray.serve.config import RequestRouterConfig
from ray.serve.request_router import PendingRequest, ReplicaID, RunningReplica

from app.layouts.hops import calls, stages
from app.ray_private.default_router import PowerOfTwoChoicesRequestRouter


class AnsweringReplicas(PowerOfTwoChoicesRequestRouter):
    """Leaves out the replicas that do not answer, and tells calls where they went."""

    def __init__(self, *, deployment_id: Any, **kwargs: Any) -> None:
        super().__init__(deployment_id=deployment_id, **kwargs)  # type: ignore[no-untyped-call]
        self._stage = stages.replicas(deployment_id.app_name, deployment_id.name)

    def apply_locality_routing(
        self, pending_request: PendingRequest | None = None
    ) -> set[ReplicaID]:
        return self._stage.choice(super().apply_locality_routing(pending_request))

    def on_send_request(self, replica_id: ReplicaID) -> None:
        super().on_send_request(replica_id)
        calls.sent(replica_id)

    def update_replicas(self, replicas: list[RunningReplica]) -> None:
        # Serve does not tell of a replica while it reconfigures it. It answers meanwhile: with one
        # alone, nothing would be left. One that is gone is taken out at the next try.
        super().update_replicas(replicas or list(self.curr_replicas.values()))
        if replicas:
            self._stage.update(frozenset(self.curr_replicas))

    def on_replica_actor_died(self, replica_id: ReplicaID) -> None:
        super().on_replica_actor_died(replica_id)
        self._stage.update(frozenset(self.curr_replicas))


ANSWERING = RequestRouterConfig.model_validate(
    {"request_router_class": f"{__name__}:{AnsweringReplicas.__name__}"}
)
"""For the deployments whose callers are to choose so."""
