"""Headers of a client's that Ray, or a proxy, would obey: none of them is for a client to say.

Ray's own (``ray.serve`` 2.60): ``x-request-timeout-seconds`` lifts the operator's time limit,
``x-request-disconnect-disabled`` keeps a request whose client has left,
``serve_multiplexed_model_id``, ``x-session-id`` and ``x-serve-router-*`` choose a replica. Those of
proxies, ``Forwarded`` (RFC 7239), ``X-Forwarded-*`` and ``X-Real-IP``, say who the client is.
"""

import re
from functools import lru_cache

_NAMES = (
    "forwarded",
    "x-real-ip",
    "x-request-timeout-seconds",
    "x-request-disconnect-disabled",
    "x-session-id",
    "serve-multiplexed-model-id",
)
_BEGINNINGS = ("x-forwarded-", "x-serve-router-")

# Ray takes - and _ for the same in some of them; no name that is registered has a _ in it.
PATTERN = f"^({'|'.join(_NAMES)}|({'|'.join(_BEGINNINGS)}).*|.*[^a-z0-9-].*)$"
"""A regular expression for their names in small letters, and for all that have more in them than
letters, digits and hyphens."""
METADATA = "^(multiplexed_model_id|session_id)$"
"""The same of what a call over gRPC says."""

_is_foreign = re.compile(PATTERN.encode(), re.DOTALL).match


@lru_cache(maxsize=1024)
def foreign(name: bytes) -> bool:
    """Whether a header of this name, in small letters, is one."""
    return _is_foreign(name) is not None
