"""Refuses at Ray's Python proxy what it could only answer late.

The proxy is one process that takes milliseconds for each request, so it is there that requests
queue, and not where the application could refuse them.
"""

from math import ceil
from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded
from app.fast_lane.door import Door
from app.middleware.errors import Errors
from app.middleware.request_id import RequestId
from app.protocols.oip import PREFIX as OIP
from app.protocols.oip.errors import error_form
from app.typical import Typical

# A little more than the application itself lets a request wait: a pause of the proxy's is not yet a
# load that it cannot carry. With more under way the proxy is slower to refuse, too.
MAX_WAIT_S = 0.3
# So few are never too many, however long they take: large batches, say.
_FEW = 16
# The estimate follows over about twenty requests.
_WEIGHT = 0.05


class EarlyRefusal:
    """Answers 429 while those under way would take longer than ``max_wait_s``, by what recent ones
    took. Only predictions are refused: whoever asks for health gets to know it."""

    def __init__(self, app: ASGIApp, max_wait_s: float = MAX_WAIT_S) -> None:
        self._app = app
        self._max_wait_s = max_wait_s
        self._refuse = Door(RequestId(Errors(self._raise, {OIP: error_form})))
        self._under_way = 0
        self._share = Typical(_WEIGHT)

    @property
    def _wait_s(self) -> float:
        return self._under_way * self._share.seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if self._under_way >= _FEW and self._wait_s > self._max_wait_s:
            await self._refuse(scope, receive, send)
            return
        self._under_way += 1
        # They take turns, so each adds its share to the time of all.
        together, begun = self._under_way, perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
            self._share.saw((perf_counter() - begun) / together)

    async def _raise(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Overloaded(
            f"{self._under_way} requests are under way already: try again shortly",
            max(1, ceil(self._wait_s)),
        )
