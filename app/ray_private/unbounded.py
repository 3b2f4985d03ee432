"""Whether a door reads a socket without a bound.

**Why.** uvicorn reads no further while a message waits to be received. Ray 2.60's doors read on,
and hold what a client sends in a queue that knows no limit (``protocols/stream/read_ahead.py``).
**To see it.** ``python tests/ray/socket_is_read_without_bound.py``
**When Ray mends it.** The script exits with 0: delete this file, and ``ReadAhead`` with it.
"""

from starlette.types import Receive


def is_unbounded(receive: Receive) -> bool:
    """Whether ``receive`` is Ray's: it shows the queue."""
    return hasattr(receive, "queue")
