"""Limiters of several replicas, each in a process: asked as if by clients, they tell what they let
in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from time import monotonic
from typing import Any

from app.access.principal import Scope
from app.quota.settings import QuotaSettings
from app.quota.shared_limiter import SharedLimiter
from app.serving.errors import RateLimited
from tests.support.principals import principal

_TURN_S = 0.005
_PATIENCE_S = 120


@dataclass
class Asked:
    """What came of asking."""

    sent: int = 0
    let_in: int = 0
    first: float = inf
    last: float = 0.0


async def ask(limiter: SharedLimiter, rate: float, seconds: float) -> Asked:
    """Ask for one row so many times a second, in small bursts as a loop reads them."""
    asked, who = Asked(), principal()
    begin = monotonic()
    while (now := monotonic()) < begin + seconds:
        while asked.sent < rate * (now - begin):
            asked.sent += 1
            meter = limiter.meter(who, Scope.PREDICT)
            assert meter is not None
            try:
                meter.take_request()
            except RateLimited:
                continue
            asked.let_in += 1
            asked.first, asked.last = min(asked.first, now), now
        await asyncio.sleep(_TURN_S)
    return asked


def run(settings: dict[str, Any], rates: Sequence[float], seconds: float) -> list[Asked]:
    """Of replicas that are asked so many times a second each, for a while from one moment on."""
    processes = get_context("forkserver")
    processes.set_forkserver_preload([__name__])  # so that they import this once, together
    begin, told = processes.Barrier(len(rates)), processes.Queue()
    replicas = [
        processes.Process(target=_replica, args=(settings, rate, seconds, begin, told))
        for rate in rates
    ]
    for replica in replicas:
        replica.start()
    asked: list[Asked] = [told.get(timeout=_PATIENCE_S) for _ in replicas]
    for replica in replicas:
        replica.join()
    return asked


def _replica(
    settings: dict[str, Any], rate: float, seconds: float, begin: Barrier, told: "Queue[Asked]"
) -> None:
    async def main() -> None:
        quota = QuotaSettings.model_validate(settings)
        assert quota.redis is not None
        limiter = SharedLimiter(quota.limits, quota.redis)
        await limiter.start()
        await asyncio.to_thread(begin.wait, _PATIENCE_S)
        told.put(await ask(limiter, rate, seconds))
        await limiter.close()

    asyncio.run(main())
