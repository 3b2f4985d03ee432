"""What is mended in Serve's controller, and whether all that is mended of Ray could be.

Ray runs ``mend`` there as the controller starts, since ``app.start.environment`` names it in
RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH. When all mends have gone, so can this and the variable.
"""

import logging
import os

from app.ray_private import haproxy_template, http_protocol, known_ingress, one_failure

_CALLBACK = "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH"


def mend() -> None:
    """Apply what fits this version of Ray, and warn in the controller's log of what does not."""
    for problem in _applied():
        logging.getLogger("ray.serve").warning(problem)


def problems() -> list[str]:
    """What the doors and the controller of this cluster cannot have mended; asked elsewhere, where
    both the environment and Ray are the same."""
    doors = [problem] if (problem := http_protocol.apply()) else []
    if os.environ.get(_CALLBACK) != (ours := f"{__name__}:{mend.__name__}"):
        return [*doors, f"Ray was started without {_CALLBACK}={ours}: what hangs is replaced late"]
    return [*doors, *_applied()]


def _applied() -> list[str]:
    mends = [one_failure]
    if os.environ.get("RAY_SERVE_ENABLE_HA_PROXY") == "1":
        mends += [known_ingress, haproxy_template]
    return [problem for one in mends if (problem := one.apply())]
