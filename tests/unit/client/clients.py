"""Both clients behind one interface: the synchronous one runs in a thread of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from itertools import count
from threading import Event
from typing import Any, Protocol

from windsock import Answer, AsyncWindsock, Health, Models, Prediction, Windsock

Then = Callable[[Any, Answer], Coroutine[Any, Any, None]]


class Client(Protocol):
    """What both can do, awaited."""

    @property
    def client(self) -> Windsock | AsyncWindsock: ...
    async def predict(self, *args: Any, **options: Any) -> Prediction: ...
    async def predict_batch(self, *args: Any, **options: Any) -> Any: ...
    async def health(self) -> Health: ...
    async def models(self) -> Models: ...
    async def stream(self, *args: Any, **options: Any) -> list[tuple[Any, Answer]]: ...
    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        """Do something with each answer of a stream."""

    def paced(self, over: Event) -> Any:
        """Rows as ``stream`` takes them, a thousand a second until it is ``over``."""


class Sync:
    """The synchronous client."""

    def __init__(self, client: Windsock) -> None:
        self.client = client

    async def predict(self, *args: Any, **options: Any) -> Prediction:
        return await asyncio.to_thread(self.client.predict, *args, **options)

    async def predict_batch(self, *args: Any, **options: Any) -> Any:
        return await asyncio.to_thread(self.client.predict_batch, *args, **options)

    async def health(self) -> Health:
        return await asyncio.to_thread(self.client.health)

    async def models(self) -> Models:
        return await asyncio.to_thread(self.client.models)

    async def stream(self, *args: Any, **options: Any) -> list[tuple[Any, Answer]]:
        return await asyncio.to_thread(lambda: list(self.client.stream(*args, **options)))

    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        def run() -> None:
            for one in self.client.stream(*args, **options):
                asyncio.run(then(*one))

        await asyncio.to_thread(run)

    def paced(self, over: Event) -> Iterator[dict[str, int]]:
        for n in count():
            if over.wait(0.001):
                break
            yield {"n": n}


class Async:
    """The asynchronous client."""

    def __init__(self, client: AsyncWindsock) -> None:
        self.client = client

    async def predict(self, *args: Any, **options: Any) -> Prediction:
        return await self.client.predict(*args, **options)

    async def predict_batch(self, *args: Any, **options: Any) -> Any:
        return await self.client.predict_batch(*args, **options)

    async def health(self) -> Health:
        return await self.client.health()

    async def models(self) -> Models:
        return await self.client.models()

    async def stream(self, *args: Any, **options: Any) -> list[tuple[Any, Answer]]:
        return [one async for one in self.client.stream(*args, **options)]

    async def each(self, then: Then, *args: Any, **options: Any) -> None:
        async for one in self.client.stream(*args, **options):
            await then(*one)

    async def paced(self, over: Event) -> AsyncIterator[dict[str, int]]:
        for n in count():
            if over.is_set():
                break
            yield {"n": n}
            await asyncio.sleep(0.001)
