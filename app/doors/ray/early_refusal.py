"""Refuses at Ray's own doors what they could only answer late.

Their code takes half a millisecond for each request in a replica, and milliseconds in the Python
proxy, so it is there that requests queue, and not where the application could refuse them.
"""

from asyncio import sleep
from collections.abc import Awaitable
from math import ceil
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.doors.ray.pace import Pace
from app.edge.errors import Errors
from app.edge.http import HttpCall
from app.edge.response_headers import Door
from app.protocols.error_forms import form_of
from app.serving.errors import Overloaded

# Twice what the application itself lets a request wait: a burst, or a pause, is not yet a load that
# cannot be carried.
MAX_WAIT_S = 0.5
# So few are never too many, however long they take: large batches, say.
_FEW = 16
# While one in a window takes less than this part of it, requests do not queue.
_QUICK = 1 / 5


class EarlyRefusal:
    """Answers 429 while those under way will take longer than ``max_wait_s``, by how fast others
    were answered. Only predictions are refused: whoever asks for health gets to know it.

    What Ray drops by itself, from a burst that comes before anything is known of the pace, gets the
    same answer: Ray's own has a line of text (``max_queued_requests``, ``backpressure_config``).
    """

    def __init__(self, app: ASGIApp, max_wait_s: float = MAX_WAIT_S) -> None:
        self._app = app
        self._max_wait_s = max_wait_s
        self._refuse = Door(self._refusal)
        self._pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        pace = self._pace
        if self._too_many():
            await self._refuse(scope, receive, send)
            return
        dropped = False

        def unless_dropped(message: Message) -> Awaitable[None]:
            nonlocal dropped
            dropped = dropped or _by_ray(message)
            return sleep(0) if dropped else send(message)

        begun = monotonic()
        pace.begin(begun)
        try:
            await self._app(scope, receive, unless_dropped)
        finally:
            if dropped:
                pace.leave()
            else:
                pace.end(begun, monotonic())
        if dropped:
            await self._refuse(scope, receive, send)

    def _too_many(self) -> bool:
        pace = self._pace
        return (
            pace.under_way >= _FEW
            and pace.wait_s > self._max_wait_s
            and pace.quickest_s > self._max_wait_s * _QUICK
        )

    async def _refusal(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Errors(self._raise)(HttpCall(scope, receive, send, form_of))

    async def _raise(self, _: HttpCall) -> None:
        raise Overloaded(
            f"{self._pace.under_way} requests are under way already: try again shortly",
            max(1, ceil(self._pace.wait_s)),
        )


def _by_ray(message: Message) -> bool:
    """Whether an answer begins that is Ray's 429 and not the application's."""
    return (
        message["type"] == "http.response.start"
        and message["status"] == Overloaded.code.status
        and any(value.startswith(b"text/plain") for _, value in message["headers"])
    )
