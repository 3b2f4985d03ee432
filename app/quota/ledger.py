"""Where replicas tell each other what they let in: Redis, asked in the background."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from importlib.resources import files
from math import ceil, inf
from os import urandom

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.quota.settings import RedisSettings
from app.quota.shared_bucket import SharedBucket
from deployments.log import get_logger
from deployments.metrics.catalogue.requests import QUOTA_ALONE
from deployments.metrics.series import COUNTS

logger = get_logger(__name__)

_BEAT_S = 1.0
"""How often Redis is asked where there is nothing to tell: to be counted, and to know who is."""
_THERE_S = 3.0
"""For how long a replica that is not heard of any more is counted."""
_GONE_S = 1.0
"""After how long without an answer the policy holds; until then parts are what they were."""
_SOON_S = 0.005
_AGAIN_S = 0.25
_AT_ONCE = 256

_WRONG = "limits cannot be counted together with other replicas"
_POLICIES = {
    "open": f"{_WRONG}: each counts by itself",
    "closed": f"{_WRONG}: requests are refused",
}


class Ledger:
    """Tells what the buckets of this replica let in, each that was used, and lets them hear what is
    left: every ``every_s`` while any is used, at once where one has run out of its part and more is
    left. No request waits for it."""

    def __init__(self, settings: RedisSettings) -> None:
        password = settings.password.read().decode() if settings.password else None
        self._redis = Redis.from_url(
            settings.url,
            password=password,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        script = files("app.quota").joinpath("settle.lua").read_text()
        self._settle = self._redis.register_script(script)
        # In braces: of a cluster's nodes one has them all.
        self._prefix = f"{{{settings.prefix}}}:quota"
        self._every_s = settings.every_s
        self._policy = settings.gone
        self._id = urandom(8).hex()
        self._due: list[SharedBucket] = []
        self._news = asyncio.Event()
        self._soon = asyncio.Event()
        self._settled_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._metric = COUNTS.gauge(QUOTA_ALONE)[()]
        self._metric.set(0)
        self.replicas = 1
        self.alone = self.shut = False

    def key(self, *names: str) -> str:
        """The key in Redis of what has these names."""
        return ":".join((self._prefix, *names))

    def used(self, bucket: SharedBucket, *, soon: bool) -> None:
        if not bucket.due:
            bucket.due = True
            self._due.append(bucket)
            self._news.set()
        if soon:
            self._soon.set()

    async def start(self) -> None:
        """Join the others. A Redis that is not there yet is no reason not to serve."""
        await self._tell_all()
        self._task = asyncio.create_task(self._run(), context=Context())

    async def close(self) -> None:
        """Tell what is not told yet, and leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._tell_all()
            with suppress(RedisError, OSError):
                await self._redis.zrem(self.key("replicas"), self._id)
        await self._redis.aclose()

    def problems(self) -> list[str]:
        return [_POLICIES[self._policy]] if self.alone or self.shut else []

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_SOON_S)
            # Nothing to tell: to the next beat; nobody in need: to the next round.
            for event, seconds in ((self._news, _BEAT_S), (self._soon, self._every_s)):
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await event.wait()
            if not await self._tell_all():
                await asyncio.sleep(_AGAIN_S)

    async def _tell_all(self) -> bool:
        """Whether it was heard."""
        self._news.clear()
        self._soon.clear()
        rounds = max(1, ceil(len(self._due) / _AT_ONCE))
        try:
            for _ in range(rounds):
                buckets, self._due = self._due[:_AT_ONCE], self._due[_AT_ONCE:]
                await self._tell(buckets)
        except (RedisError, OSError) as error:
            self._failed(error)
            return False
        self._settled_at = asyncio.get_running_loop().time()
        if self.alone or self.shut:
            logger.info("limits are counted together with other replicas again")
            self.alone = self.shut = False
            self._metric.set(0)
        return True

    async def _tell(self, buckets: Sequence[SharedBucket]) -> None:
        given: list[str | float] = [self._id, _THERE_S]
        told = []
        for bucket in buckets:
            # What was let in alone came back alone, too: of an outage no more than a part counts.
            most = bucket.largest / self.replicas if self.alone else inf
            told.append(bucket.spent)
            given += [bucket.largest, bucket.rate, min(bucket.spent, most)]
            bucket.spent, bucket.due = 0, False
        try:
            keys = [self.key("replicas"), *(bucket.key for bucket in buckets)]
            replicas, *left = await self._settle(keys, given)
        except BaseException:
            for bucket, spent in zip(buckets, told, strict=True):
                bucket.spent += spent
                self.used(bucket, soon=False)
            raise
        self.replicas = int(replicas)
        for bucket, one in zip(buckets, left, strict=True):
            bucket.heard(float(one))

    def _failed(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if self.alone or self.shut or now - self._settled_at < _GONE_S:
            return
        self.alone, self.shut = self._policy == "open", self._policy == "closed"
        self._metric.set(1)
        logger.error("%s: Redis: %s", _POLICIES[self._policy], error)
