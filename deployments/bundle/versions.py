"""What a stage made of each bundle version, loaded aside and kept while frames still need it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from deployments.log import get_logger

T = TypeVar("T")

logger = get_logger(__name__)


class Versions(Generic[T]):
    """Loads per version, once, off the event loop; keeps the ``keep`` used last.

    The edge stamps each frame with a version, so a stage serves old and new frames side by side
    while a switch is under way, in whatever order the stages learn of it.
    """

    def __init__(self, load: Callable[[str], T], keep: int = 2) -> None:
        self._load = load
        self._keep = keep
        self._loaded: OrderedDict[str, T] = OrderedDict()
        self._loading: dict[str, asyncio.Task[T]] = {}

    async def get(self, version: str) -> T:
        """The loaded version; raises what ``load`` raised, and tries again at the next call."""
        loaded = self._loaded.get(version)
        if loaded is not None:
            self._loaded.move_to_end(version)
            return loaded
        if version not in self._loading:
            self._loading[version] = asyncio.create_task(self._load_aside(version))
        # Shielded: a caller that goes away must not cancel what others wait for.
        return await asyncio.shield(self._loading[version])

    async def _load_aside(self, version: str) -> T:
        try:
            loaded = await asyncio.to_thread(self._load, version)
        finally:
            del self._loading[version]
        self._loaded[version] = loaded
        while len(self._loaded) > self._keep:
            self._loaded.popitem(last=False)
        return loaded

    async def prepare(self, version: str, resolve: Callable[[str], str] = str) -> None:
        """Have a version ready, once ``resolve`` has named it. One that fails only stops a stage
        that has nothing else."""
        try:
            await self.get(resolve(version))
        except Exception as error:
            if not self._loaded:
                raise
            logger.error("version %s cannot be loaded, the others keep serving: %s", version, error)
