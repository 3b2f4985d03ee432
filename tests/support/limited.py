"""A replica's limiter by itself: asks as if by clients, and tells what it let in.

    python -m tests.support.limited SETTINGS RATE SECONDS

It begins when a line comes on stdin, and prints one line of JSON.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from math import inf
from time import monotonic, process_time

from app.access.principal import Scope
from app.quota.settings import QuotaSettings
from app.quota.shared_limiter import SharedLimiter
from app.serving.errors import RateLimited
from tests.support.principals import principal

_TURN_S = 0.005


@dataclass
class Asked:
    """What came of asking."""

    sent: int = 0
    let_in: int = 0
    first: float = inf
    last: float = 0.0
    cpu_s: float = 0.0


async def ask(limiter: SharedLimiter, rate: float, seconds: float) -> Asked:
    """Ask for one row so many times a second, in small bursts as a loop reads them."""
    asked, who, cpu = Asked(), principal(), process_time()
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
    asked.cpu_s = process_time() - cpu
    return asked


async def _main(settings: str, rate: str, seconds: str) -> None:
    quota = QuotaSettings.model_validate_json(settings)
    assert quota.redis is not None
    limiter = SharedLimiter(quota.limits, quota.redis)
    await limiter.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    asked = await ask(limiter, float(rate), float(seconds))
    await limiter.close()
    print(json.dumps(asdict(asked)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
