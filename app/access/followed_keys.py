"""Keys that follow their file: what is written there counts within a second, everywhere."""

import asyncio
import os
from contextvars import Context

from app.access.key_file import BrokenKeys, KeyRecord, read
from app.access.keys import Keys
from app.access.pepper import read_pepper
from app.access.settings import AuthSettings
from deployments.log import get_logger

logger = get_logger(__name__)

_LOOK_S = 0.3
_BROKEN = "the file of API keys cannot be read: those before it count, and the log says why"

_Seen = tuple[int, ...] | None


class FollowedKeys(Keys):
    """Those of ``settings``, and their ``pepper``, empty while there is neither.

    A file that is broken leaves the keys before it in force; ``problems`` says so, in words for
    clients.
    """

    def __init__(self, settings: AuthSettings) -> None:
        super().__init__()
        self._settings = settings
        self.pepper = b""
        self._seen: _Seen = None
        self._problem = ""
        self._following: asyncio.Task[None] | None = None

    def problems(self) -> list[str]:
        return [_BROKEN] if self._problem else []

    async def start(self) -> None:
        """Take what there is, which may be none. Raises BrokenKeys."""
        await self._look()
        self._following = asyncio.create_task(self._follow(), context=Context())

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self._look()
            except Exception as error:
                if str(error) != self._problem:
                    logger.error("the API keys stay as they were: %s", error)
                self._problem = str(error)

    async def _look(self) -> None:
        # In a thread, since the file may lie on another machine that does not answer.
        found = await asyncio.to_thread(self._changed)
        if found is None:
            return
        self._seen, self.pepper, records = found
        self.put(self.pepper, records)
        self._problem = ""
        logger.info("%d API keys are in force", len(records))

    def _changed(self) -> tuple[_Seen, bytes, tuple[KeyRecord, ...]] | None:
        """What is there now, unless that was taken already. Raises BrokenKeys."""
        seen = self._look_at()
        if seen == self._seen and not self._problem:
            return None
        records = read(self._settings.keys)
        try:
            pepper = read_pepper(self._settings.pepper)
        except BrokenKeys:
            if records:
                raise
            pepper = b""  # before the first key there need be none
        return seen, pepper, records

    def _look_at(self) -> _Seen:
        """What differs between two states of the file; None is no file."""
        try:
            told = os.stat(self._settings.keys)
        except OSError:
            return None
        return told.st_mtime_ns, told.st_ctime_ns, told.st_ino, told.st_size
