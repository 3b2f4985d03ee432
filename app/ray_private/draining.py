"""Whether Serve has told this replica to stop.

**Why.** Serve says so to user code only once its own door has drained, and an open stream keeps the
door from draining until the replica is killed.
**To see it.** ``python tests/ray/replica_is_not_told.py``
**When Ray mends it.** Once a deployment has a method that is called when its replica is to stop,
let the ingress leave in it; delete this file.
"""

import asyncio

from ray._private import worker

_POLL_S = 0.5


class NeverTold(Exception):
    """A replica is to do without; the message is for people."""


def told_to_stop() -> bool | None:
    """None outside a replica, and where Ray has other names for it (these are of 2.60)."""
    here = worker.global_worker
    try:
        return bool(here.actors[here.actor_id]._replica_impl._shutting_down)
    except (AttributeError, KeyError):
        return None


async def until_told_to_stop() -> None:
    """Wait for it. Raises NeverTold where it cannot be known."""
    while (told := told_to_stop()) is not True:
        if told is None:
            raise NeverTold("this Ray does not say when a replica is to stop: streams will be cut")
        await asyncio.sleep(_POLL_S)
