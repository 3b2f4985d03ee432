"""The limits of principals where all replicas count together."""

from collections.abc import Callable, Iterable
from time import monotonic

from app.access.principal import Limit
from app.quota.bucket import Bucket
from app.quota.ledger import Ledger
from app.quota.limiter import Limits
from app.quota.settings import RedisSettings
from app.quota.shared_bucket import SharedBucket


class SharedLimiter(Limits):
    """As one of the replicas that tell each other through Redis what they let in."""

    def __init__(
        self,
        every: Iterable[Limit],
        redis: RedisSettings,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._ledger = ledger = Ledger(redis)

        def bucket(principal: str, limit: Limit, now: float) -> Bucket:
            key = ledger.key(limit.name, principal)
            return SharedBucket(key, limit, now, ledger, redis.chunk)

        super().__init__(every, bucket, clock)

    async def start(self) -> None:
        await self._ledger.start()

    async def close(self) -> None:
        await self._ledger.close()

    def problems(self) -> list[str]:
        return self._ledger.problems()
