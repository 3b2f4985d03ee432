"""Refuses at Ray's own doors what they could only answer late.

Their code takes half a millisecond for each request in a replica, and milliseconds in the Python
proxy, so it is there that requests queue, and not where the application could refuse them.
"""

from math import ceil
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded
from app.fast_lane.door import Door
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.pace import Pace
from app.protocols.oip import PREFIX as OIP
from app.protocols.oip.errors import error_form

# Twice what the application itself lets a request wait: a burst, or a pause, is not yet a load that
# cannot be carried.
MAX_WAIT_S = 0.5
# So few are never too many, however long they take: large batches, say.
_FEW = 16
# While one in a window takes less than this part of it, requests do not queue.
_QUICK = 1 / 5


class EarlyRefusal:
    """Answers 429 while those under way will take longer than ``max_wait_s``, by how fast others
    were answered. Only predictions are refused: whoever asks for health gets to know it."""

    def __init__(self, app: ASGIApp, max_wait_s: float = MAX_WAIT_S) -> None:
        self._app = app
        self._max_wait_s = max_wait_s
        self._refuse = Door(RequestId(Errors(self._raise, {OIP: error_form})))
        self._pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        pace = self._pace
        if self._too_many():
            await self._refuse(scope, receive, send)
            return
        begun = monotonic()
        pace.begin(begun)
        try:
            await self._app(scope, receive, send)
        finally:
            pace.end(begun, monotonic())

    def _too_many(self) -> bool:
        pace = self._pace
        return (
            pace.under_way >= _FEW
            and pace.wait_s > self._max_wait_s
            and pace.quickest_s > self._max_wait_s * _QUICK
        )

    async def _raise(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Overloaded(
            f"{self._pace.under_way} requests are under way already: try again shortly",
            max(1, ceil(self._pace.wait_s)),
        )
