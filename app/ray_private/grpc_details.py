"""What Ray's own doors tell a gRPC client of an error that nobody foresaw: nothing of the inside.

**Why.** Ray 2.60 sends the text of the exception as the status' details. Of a replica that died it
holds addresses, process numbers, names of actors and paths, of one that raised its traceback.
**To see it.** Kill a replica behind Ray's Python proxy while it answers a call.
**When Ray mends it.** Once ``get_grpc_response_status`` gives a fixed text for ``INTERNAL``, delete
this file.
"""

import sys
from dataclasses import replace
from functools import wraps
from typing import Any

from grpc import StatusCode
from ray.serve._private import grpc_util

HIDDEN = "an unexpected error; the server's log has it"
_TELLS = "get_grpc_response_status"
_USED = ("ray.serve._private.proxy", "ray.serve._private.replica")


def apply() -> str | None:
    """See to it, in the process of a door, or say why not."""
    told = getattr(grpc_util, _TELLS, None)
    here = [sys.modules[name] for name in _USED if name in sys.modules]
    if told is None or not all(hasattr(module, _TELLS) for module in here):
        return "this Ray tells gRPC clients of errors in another way: it may name what is inside"

    @wraps(told)
    def quiet(*arguments: Any, **named: Any) -> Any:
        status = told(*arguments, **named)
        return replace(status, message=HIDDEN) if status.code is StatusCode.INTERNAL else status

    for module in here:
        setattr(module, _TELLS, quiet)
    return None
