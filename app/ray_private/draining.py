"""Whether Serve has told this replica to stop: what Ray calls it, in one place.

Serve says so to user code only once its own door has drained, and an open stream keeps the door
from draining until the replica is killed.
"""

import asyncio

from ray._private import worker

from deployments.log import get_logger

logger = get_logger(__name__)

_POLL_S = 0.5


def told_to_stop() -> bool | None:
    """None outside a replica, and where Ray has other names for it (these are of 2.60)."""
    here = worker.global_worker
    try:
        return bool(here.actors[here.actor_id]._replica_impl._shutting_down)
    except (AttributeError, KeyError):
        return None


async def until_told_to_stop() -> None:
    """Wait for it; for ever where it cannot be known."""
    while (told := told_to_stop()) is not True:
        if told is None:
            logger.warning("this Ray does not say when a replica is to stop: streams will be cut")
            await asyncio.Event().wait()
        await asyncio.sleep(_POLL_S)
