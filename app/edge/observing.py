"""Has observers look at requests, whatever carries them."""

from collections.abc import Sequence
from typing import Any

from app.edge.guards import Observer
from app.edge.layers import Call, Handler
from app.edge.route import Access

_OPEN = Access.OPEN


class Observing:
    """The layer that tells observers of each request and its end, but of those that everyone may
    ask: probes would hide all else."""

    def __init__(self, handler: Handler, observers: Sequence[Observer]) -> None:
        self._handler = handler
        self._observers = observers

    async def __call__(self, call: Call) -> Any:
        if call.route.access is _OPEN:
            return await self._handler(call)
        for observer in self._observers:
            observer.begun(call)
        try:
            answer = await self._handler(call)
        except BaseException as error:
            for observer in self._observers:
                observer.ended(call, error)
            raise
        if call.options.observed:
            for observer in self._observers:
                observer.ended(call, None)
        return answer
