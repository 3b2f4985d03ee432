"""Serve's controller, replacing a replica or a proxy after one health check that failed.

**Why.** Ray 2.60 waits for three in a row, and no setting says otherwise: of a replica that hangs
it knows after three periods and time-outs, while half of what is asked goes there. One is enough
where the time-out is well above the longest pause that a replica makes.
**To see it.** ``python tests/ray/replica_hangs.py``
**When Ray mends it.** Where it has a setting for it, use that; delete this file.
"""

from types import ModuleType

from ray.serve._private import deployment_state, proxy_state

_OF_REPLICAS = "REPLICA_HEALTH_CHECK_UNHEALTHY_THRESHOLD"
_OF_PROXIES = "PROXY_HEALTH_CHECK_UNHEALTHY_THRESHOLD"


def apply(replicas: ModuleType = deployment_state, proxies: ModuleType = proxy_state) -> str | None:
    """Mend the controller that runs in this process, or say why not."""
    replica, proxy = (
        getattr(replicas, "ActorReplicaWrapper", None),
        getattr(proxies, "ProxyState", None),
    )
    looks = getattr(replica, "check_health", apply), getattr(proxy, "try_update_status", apply)
    for look, name in zip(looks, (_OF_REPLICAS, _OF_PROXIES), strict=True):
        if name not in look.__code__.co_names:
            return (
                "this Ray counts failed health checks in another way: what hangs is replaced late"
            )
    setattr(replicas, _OF_REPLICAS, 1)
    setattr(proxies, _OF_PROXIES, 1)
    return None
