"""Whether the last update of this replica's application was refused.

**Why.** Serve tells it to whoever asks for its status, and no replica that goes on. To ask as all
do (``serve.status()``) would hold up the replica's one event loop, and gathers all replicas of all
applications.
**To see it.** After an update that is refused plain Serve's replicas cannot tell that they are of
the one before.
**When Ray mends it.** Once a replica can ask for the status of its own application in its loop, ask
there; delete this file.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve import context
from ray.serve.exceptions import RayServeException
from ray.serve.generated import serve_pb2

REFUSED = "the last update was refused, the old one serves: `serve status` says why"
_EVERY_S = 5.0
_messages: Any = serve_pb2  # protobuf's names are made when it is imported

Ask = Callable[[], Awaitable[bool]]


async def refusals(ask: Ask | None = None, every_s: float = _EVERY_S) -> AsyncIterator[str | None]:
    """What is to be said of it, each time that this changes; ends where it cannot be known, and at
    once outside a replica."""
    said: str | None = None
    while True:
        try:
            now = REFUSED if await (ask or _refused)() else None
        except RayServeException:
            return
        except RayError:
            now = said  # the controller is away, and will be there again
        except AttributeError as error:
            yield f"this Ray does not tell of an update that was refused ({error})"
            return
        if now != said:
            yield now
            said = now
        await asyncio.sleep(every_s)


async def _refused() -> bool:
    application = serve.get_replica_context().app_name
    client: Any = context._get_global_client()
    told = await client._controller.get_serve_status.remote(application)
    status = _messages.StatusOverview.FromString(told).app_status.status
    return bool(status == _messages.ApplicationStatus.APPLICATION_STATUS_DEPLOY_FAILED)
