"""Serve's controller, kept from forgetting which deployment is the ingress while it builds.

**Why.** Ray 2.60 clears it when it begins to build an application anew and knows it again when it
has built it, five to fifteen seconds later; where the build fails, never. Meanwhile it tells
HAProxy of no ingress replica, and everything goes through the one Python proxy of the head node,
which carries 150 requests a second. The replicas are there and serve all along.
**To see it.** ``python tests/ray/controller_forgets_ingress.py``
**When Ray mends it.** The script exits with 0: delete this file.
"""

from functools import wraps
from inspect import unwrap
from typing import Any

from ray.serve._private.application_state import ApplicationState

_CLEARS = "_set_target_state"
_KNOWN = "_ingress_deployment_name"


def apply(application_state: Any = ApplicationState) -> str | None:
    """Mend the controller that runs in this process, or say why not."""
    clears = unwrap(getattr(application_state, _CLEARS, apply))  # one that is mended, from anew
    if _KNOWN not in clears.__code__.co_names:
        return "this Ray forgets its ingress in another way: updates go through its Python proxy"

    @wraps(clears)
    def keeps(self: Any, deployment_infos: dict[str, Any] | None, *rest: Any, **named: Any) -> None:
        known = getattr(self, _KNOWN)
        clears(self, deployment_infos, *rest, **named)
        if deployment_infos is None:  # to be built; one that is deleted has an empty one
            setattr(self, _KNOWN, known)

    setattr(application_state, _CLEARS, keeps)
    return None
