"""Serve's controller, kept from forgetting which deployment is the ingress while it builds.

Ray 2.60 clears it when it begins to build an application anew and knows it again when it has built
it, five to fifteen seconds later; where the build fails, never. Meanwhile it tells HAProxy of no
ingress replica, and everything goes through the one Python proxy of the head node, which carries
150 requests a second. The replicas are there and serve all along.
"""

from typing import Any

_CLEARS = "_set_target_state"


def keep(application_state: Any) -> None:
    """Mend this class of Ray's; one that has no such method, in another version, stays as it is."""
    clears = getattr(application_state, _CLEARS, None)
    if clears is None:
        return

    def keeps(self: Any, deployment_infos: dict[str, Any] | None, *rest: Any, **named: Any) -> None:
        known = self._ingress_deployment_name
        clears(self, deployment_infos, *rest, **named)
        if deployment_infos is None:  # to be built; one that is deleted has an empty one
            self._ingress_deployment_name = known

    setattr(application_state, _CLEARS, keeps)
