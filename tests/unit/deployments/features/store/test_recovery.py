"""What cannot be read is looked for, and found again: readers that a test breaks at will."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from deployments.features.store.guarded import GuardedReader
from tests.support.wait import wait_for
from tests.unit.deployments.features.store.breakable import RACK, SHELF, Store

WANTED: Any = [(SHELF, [(1,), (2,)]), (RACK, [(3,)])]


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.returns.set()


async def readable(guarded: GuardedReader) -> list[bool]:
    return [rows is not None for rows in await guarded.read(WANTED, 60)]


def threads() -> int:
    return sum(thread.name.startswith("feast") for thread in threading.enumerate())


async def test_a_view_that_fails_alone_is_left_alone_and_found_again(
    store: Store, log: pytest.LogCaptureFixture
) -> None:
    guarded = store.guarded(breaker={"failures": 1, "probe_s": 0.05})
    store.broken = {"shelf"}
    for _ in range(5):
        assert await readable(guarded) == [False, True]
        assert not guarded.outage
    assert {view for view, _ in store.reads} == {"shelf", "rack"}
    assert [view for view, _ in store.reads].count("shelf") == 1
    assert log.text.count("feature view 'shelf' cannot be read (ConnectionError: refused)") == 1
    assert "feast apply" in log.text

    store.broken = set()
    await wait_for(lambda: "'shelf' can be read again" in log.text)

    assert await readable(guarded) == [True, True]


async def test_a_view_is_judged_by_others_that_were_not_asked_for(store: Store) -> None:
    guarded = store.guarded(breaker={"failures": 1, "probe_s": 60})
    await guarded.connect([SHELF, RACK])
    store.broken = {"shelf"}

    assert await guarded.read(WANTED[:1], 1) == [None]

    assert not guarded.outage


async def test_a_view_that_hangs_takes_the_others_along_for_moments_only(store: Store) -> None:
    guarded = store.guarded(budget_s=0.05, breaker={"failures": 1, "probe_s": 0.05})
    store.hanging = {"shelf"}
    assert await readable(guarded) == [False, False]
    assert guarded.outage

    await wait_for(lambda: not guarded.outage)
    for _ in range(3):
        assert await readable(guarded) == [False, True]
    store.hanging = set()
    store.returns.set()

    await wait_for(lambda: guarded._health.sound)
    assert await readable(guarded) == [True, True]


async def test_a_connection_may_take_longer_to_open_than_a_read_may(store: Store) -> None:
    """The first of a reader's calls takes its time, as one through a slow proxy does."""
    guarded = store.guarded(budget_s=0.1, breaker={"failures": 1, "probe_s": 0.05})
    store.opening_s = 0.3
    await guarded.connect([SHELF, RACK])
    assert await readable(guarded) == [True, True]

    store.readers[-1].fresh = True  # it is renewed
    assert await readable(guarded) == [False, False]
    await wait_for(lambda: not guarded.outage, timeout_s=2)

    assert await readable(guarded) == [True, True]
    await wait_for(lambda: sum(not one.closed.is_set() for one in store.readers) == 1)


async def test_a_reader_that_was_only_late_is_kept(store: Store) -> None:
    guarded = store.guarded(budget_s=0.1, breaker={"failures": 1, "probe_s": 60})
    store.hangs.set()
    assert await readable(guarded) == [False, False]

    store.hangs.clear()
    store.returns.set()
    await wait_for(lambda: not guarded.outage, timeout_s=2)

    assert await readable(guarded) == [True, True]
    await wait_for(lambda: sum(not one.closed.is_set() for one in store.readers) == 1)


async def test_a_store_that_stays_too_slow_is_left_alone_and_costs_no_threads(
    store: Store,
) -> None:
    guarded = store.guarded(budget_s=0.02, breaker={"failures": 1, "probe_s": 0.01})
    await readable(guarded)
    most = threads() + 8  # as many as may be late at a time
    store.slow_s = 0.1
    await readable(guarded)

    for _ in range(40):
        calls = store.calls
        await wait_for(lambda calls=calls: store.calls > calls)  # type: ignore[misc]
        assert guarded.outage
        assert threads() <= most
    assert sum(not one.closed.is_set() for one in store.readers) <= 8
    store.slow_s = 0.0
    await wait_for(lambda: not guarded.outage)


async def test_it_starts_without_its_store(store: Store, log: pytest.LogCaptureFixture) -> None:
    guarded = store.guarded(open_s=0.1, breaker={"failures": 1, "probe_s": 0.05})
    store.hangs.set()
    async with asyncio.timeout(5):
        await guarded.connect([SHELF, RACK])
    assert guarded.outage
    assert "no answer within 0.1 s" in log.text

    store.hangs.clear()
    store.returns.set()
    await wait_for(lambda: not guarded.outage)
    assert await readable(guarded) == [True, True]


async def test_a_bad_record_is_no_outage(store: Store, log: pytest.LogCaptureFixture) -> None:
    guarded = store.guarded(breaker={"failures": 1, "probe_s": 60})
    store.bad = {(2,)}
    for _ in range(3):
        assert await readable(guarded) == [True, True]
        assert not guarded.outage

    assert log.text.count("'shelf': 1 stored rows cannot be used") == 1
    assert "{'key': 2} (ValueError: garbage under (2,))" in log.text
