"""A limiter with a real Redis, which a test may break."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.access.principal import Limit, Principal, Scope
from app.edge.guards import Meter
from app.quota.settings import QuotaSettings
from app.quota.shared_limiter import SharedLimiter
from app.serving.errors import RateLimited, Unavailable
from tests.support.principals import principal
from tests.support.redis import RedisServer, breakable_redis
from tests.support.wait import wait_for

HOUR = Limit(name="hour", quota=40, window_s=3600)
ROWS = Limit(name="rows", unit="rows", quota=1000, window_s=3600)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with breakable_redis(tmp_path) as server:
        yield server


@asynccontextmanager
async def replica(server: RedisServer, *limits: Limit, **more: Any) -> AsyncIterator[SharedLimiter]:
    """One that counts together with others of the same server."""
    settings = QuotaSettings.model_validate(
        {
            "limits": limits or (HOUR,),
            "redis": {"url": f"redis://127.0.0.1:{server.port}", "timeout_s": 0.1, **more},
        }
    )
    assert settings.redis is not None
    limiter = SharedLimiter(settings.limits, settings.redis)
    await limiter.start()
    try:
        yield limiter
    finally:
        await limiter.close()


def meter(limiter: SharedLimiter, who: Principal | None = None) -> Meter:
    found = limiter.meter(who or principal(), Scope.PREDICT)
    assert found is not None
    return found


def requests(limiter: SharedLimiter) -> int:
    """How many more are let in at once."""
    count = 0
    while lets_in(meter(limiter).take_request):
        count += 1
    return count


def lets_in(take: Callable[[], None]) -> bool:
    try:
        take()
    except RateLimited:
        return False
    return True


async def until_spent(*limiters: SharedLimiter) -> int:
    """How many all let in together, until each knows that nothing is left."""
    count = 0

    def over() -> bool:
        nonlocal count
        count += sum(requests(limiter) for limiter in limiters)
        return all(left(limiter) < 1 for limiter in limiters)

    await wait_for(over)
    return count


def left(limiter: SharedLimiter) -> int:
    told = dict(meter(limiter).fields())[b"ratelimit"].decode()
    return int(told.split(";")[1].removeprefix("r="))


async def heard(limiter: SharedLimiter) -> None:
    """Until what it let in is told, and it has heard what is left."""
    ledger, asked = limiter._ledger, asyncio.get_running_loop().time()
    await wait_for(lambda: not ledger._due and ledger._settled_at > asked)


async def together(*limiters: SharedLimiter) -> None:
    """Until each knows of the others."""
    await wait_for(lambda: all(one._ledger.replicas == len(limiters) for one in limiters))


async def test_one_alone_lets_a_burst_have_all_of_it(redis: RedisServer) -> None:
    async with replica(redis) as only:
        await together(only)
        meter(only).take_request()
        await heard(only)

        assert requests(only) == 39


async def test_what_one_lets_in_the_others_do_not(redis: RedisServer) -> None:
    async with replica(redis) as one, replica(redis) as other:
        await together(one, other)
        count = await until_spent(one)
        assert count >= 40
        count += await until_spent(other)

        assert 40 <= count <= 40 + 2 * (4 + 1)


async def test_none_lets_in_more_than_a_chunk_and_one_before_it_hears(redis: RedisServer) -> None:
    async with replica(redis) as one, replica(redis) as other:
        await together(one, other)

        assert (requests(one), requests(other)) == (5, 5)
        assert await until_spent(one, other) >= 30


async def test_a_request_larger_than_a_chunk_is_let_in_while_there_is_enough(
    redis: RedisServer,
) -> None:
    async with replica(redis, ROWS) as one, replica(redis, ROWS) as other:
        await together(one, other)
        meter(one).take_rows(700)
        await wait_for(lambda: left(one) == 300)

        assert not lets_in(lambda: meter(one).take_rows(301))
        assert lets_in(lambda: meter(other).take_rows(50))
        await wait_for(lambda: left(other) == 250)
        assert not lets_in(lambda: meter(other).take_rows(251))


async def test_what_is_given_back_is_there_for_the_others(redis: RedisServer) -> None:
    async with replica(redis, ROWS) as one, replica(redis, ROWS) as other:
        await together(one, other)
        meter(one).take_rows(700)
        await wait_for(lambda: left(one) == 300)
        meter(one).return_rows(700)
        meter(other).take_rows(1)

        meter(one).take_rows(1)
        await wait_for(lambda: left(one) >= 998)


async def test_what_was_let_in_outlives_the_replica(redis: RedisServer) -> None:
    async with replica(redis) as one:
        await until_spent(one)
    async with replica(redis) as next_one:
        count = await until_spent(next_one)

    assert count <= 5


async def test_one_that_is_no_more_leaves_its_part_to_the_others(redis: RedisServer) -> None:
    async with replica(redis) as one:
        async with replica(redis) as other:
            await together(one, other)
        await together(one)


async def test_services_of_other_prefixes_count_apart(redis: RedisServer) -> None:
    async with replica(redis) as one, replica(redis, prefix="other") as other:
        await until_spent(one)

        assert await until_spent(other) >= 40


@pytest.mark.parametrize("break_it", [RedisServer.kill, RedisServer.hang])
async def test_open_each_counts_by_itself_while_redis_is_gone_and_says_so(
    redis: RedisServer, break_it: Callable[[RedisServer], None]
) -> None:
    async with replica(redis) as one, replica(redis) as other:
        await together(one, other)
        meter(one).take_request()
        break_it(redis)
        await wait_for(lambda: bool(one.problems() and other.problems()))

        assert one.problems() == [
            "limits cannot be counted together with other replicas: each counts by itself"
        ]
        assert requests(one) + requests(other) <= 2 * 40
        assert not lets_in(meter(other).take_request)

        if break_it is RedisServer.kill:
            redis.start()
        else:
            redis.resume()
        await wait_for(lambda: not one.problems() and not other.problems())
        count = 0
        while lets_in(meter(one).take_request):
            count += 1
            await heard(one)
        assert count <= 20 + 5  # a part of what was let in meanwhile counts


async def test_closed_nobody_is_let_in_while_redis_is_gone(redis: RedisServer) -> None:
    async with replica(redis, gone="closed") as one:
        redis.kill()
        await wait_for(lambda: bool(one.problems()))

        with pytest.raises(Unavailable, match="not known now") as refused:
            meter(one).take_request()
        assert refused.value.retry_after_s == 1
        assert one.problems() == [
            "limits cannot be counted together with other replicas: requests are refused"
        ]

        redis.start()
        await wait_for(lambda: not one.problems())
        assert lets_in(meter(one).take_request)


@pytest.mark.parametrize(("gone", "served"), [("open", True), ("closed", False)])
async def test_one_starts_without_a_redis_that_is_not_there_yet(
    redis: RedisServer, gone: str, served: bool
) -> None:
    redis.kill()
    async with replica(redis, gone=gone) as one:
        assert one.problems()
        if served:
            assert requests(one) == 40
        redis.start()
        await wait_for(lambda: not one.problems())


async def test_who_has_been_counted_is_told_at_once(redis: RedisServer) -> None:
    async with replica(redis, every_s=1.0) as one, replica(redis, every_s=1.0) as other:
        await together(one, other)
        first = requests(one)
        await heard(one)

        assert first + requests(one) >= 8  # long before the next round
