"""What a stage made of each model version, loaded aside and kept while frames still need it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from deployments.log import get_logger
from deployments.model_id import ModelId

T = TypeVar("T")

logger = get_logger(__name__)


class Versions(Generic[T]):
    """Loads a version once, off the event loop, and warms it up; keeps the ``keep`` used last of
    each model.

    The edge stamps each frame with a model's version, so a stage serves old and new frames side by
    side while a switch is under way, in whatever order the stages learn of it.
    """

    def __init__(
        self,
        load: Callable[[ModelId], T],
        warm_up: Callable[[T], Awaitable[None]] | None = None,
        keep: int = 2,
    ) -> None:
        self._load = load
        self._warm_up = warm_up
        self._keep = keep
        self._loaded: dict[ModelId, T] = {}  # in the order of their last use
        self._loading: dict[ModelId, asyncio.Task[T]] = {}

    async def get(self, model: ModelId) -> T:
        """The loaded version; raises what ``load`` raised, and tries again at the next call."""
        loaded = self._loaded.pop(model, None)
        if loaded is not None:
            self._loaded[model] = loaded
            return loaded
        if model not in self._loading:
            self._loading[model] = asyncio.create_task(self._load_aside(model))
        # Shielded: a caller that goes away must not cancel what others wait for.
        return await asyncio.shield(self._loading[model])

    async def _load_aside(self, model: ModelId) -> T:
        try:
            loaded = await asyncio.to_thread(self._load, model)
            if self._warm_up is not None:
                await self._warm_up(loaded)
        finally:
            del self._loading[model]
        self._loaded[model] = loaded
        for old in [one for one in self._loaded if one.name == model.name][: -self._keep]:
            del self._loaded[old]
        return loaded

    async def prepare(self, model: ModelId, resolve: Callable[[ModelId], ModelId]) -> None:
        """Have a version ready, once ``resolve`` has named it. One that fails only stops a stage
        that has nothing else."""
        try:
            await self.get(resolve(model))
        except Exception as error:
            if not self._loaded:
                raise
            logger.error("%s cannot be loaded, the others keep serving: %s", model, error)
