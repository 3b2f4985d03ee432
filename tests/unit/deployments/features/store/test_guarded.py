"""A store that is slow, broken or gone, behind the guard: readers that a test breaks at will."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from deployments.features.view_rows import ViewRows
from tests.support.wait import wait_for
from tests.unit.deployments.features.store.breakable import RACK, SHELF, Store

WANTED: Any = [(SHELF, [(1,), (2,)]), (RACK, [(3,)])]
BOTH = {"shelf", "rack"}


@pytest.fixture
def store() -> Any:
    store = Store()
    yield store
    store.returns.set()


def sizes(found: Sequence[ViewRows | None]) -> list[int | None]:
    return [None if rows is None else len(rows.event_at) for rows in found]


async def test_all_views_are_read(store: Store) -> None:
    assert sizes(await store.guarded().read(WANTED, 1)) == [2, 1]
    assert store.reads == [("shelf", [(1,), (2,)]), ("rack", [(3,)])]


async def test_views_that_were_read_before_a_failure_count(store: Store) -> None:
    guarded = store.guarded()
    store.broken = {"rack"}

    assert sizes(await guarded.read(WANTED, 1)) == [2, None]
    assert not guarded.outage


async def test_after_some_failures_the_store_is_left_alone_and_the_log_says_so_once(
    store: Store, log: pytest.LogCaptureFixture
) -> None:
    guarded = store.guarded(breaker={"failures": 2, "probe_s": 60})
    store.broken = BOTH
    for _ in range(2):
        assert sizes(await guarded.read(WANTED, 1)) == [None, None]
    assert guarded.outage

    asked = store.calls
    for _ in range(5):
        assert sizes(await guarded.read(WANTED, 1)) == [None, None]

    assert store.calls == asked
    assert log.text.count("cannot be read (ConnectionError: refused)") == 1


async def test_it_is_found_again_by_a_reader_that_is_opened_afresh(
    store: Store, log: pytest.LogCaptureFixture
) -> None:
    guarded = store.guarded()
    store.broken = BOTH
    for _ in range(2):
        await guarded.read(WANTED, 1)
    await wait_for(lambda: store.opened >= 4)  # tried three times, in vain
    assert guarded.outage

    store.broken = set()
    await wait_for(lambda: not guarded.outage)

    assert store.keys_asked() == {(1,), (2,), (3,)}  # those of the requests alone
    assert sizes(await guarded.read(WANTED, 1)) == [2, 1]
    assert "can be read again" in log.text


async def test_a_store_that_hangs_keeps_nobody_longer_than_the_budget(store: Store) -> None:
    guarded = store.guarded(budget_s=0.05)
    store.hangs.set()
    async with asyncio.timeout(5):
        for _ in range(2):
            assert sizes(await guarded.read(WANTED, 60)) == [None, None]
    assert guarded.outage

    store.hangs.clear()  # threads that hang already go on hanging
    await wait_for(lambda: not guarded.outage)
    assert sizes(await guarded.read(WANTED, 1)) == [2, 1]


async def test_nobody_waits_for_the_store_while_it_is_tried(store: Store) -> None:
    guarded = store.guarded(budget_s=5, breaker={"failures": 1, "probe_s": 0.01})
    store.broken = BOTH
    await guarded.read(WANTED, 1)
    store.broken = set()
    store.hangs.set()
    await wait_for(lambda: store.opened == 2)  # a try, which hangs

    async with asyncio.timeout(0.5):
        assert sizes(await guarded.read(WANTED, 5)) == [None, None]


async def test_a_caller_in_a_hurry_does_not_make_the_store_look_dead(store: Store) -> None:
    guarded = store.guarded(budget_s=5, breaker={"failures": 1})
    store.hangs.set()

    async with asyncio.timeout(1):
        assert sizes(await guarded.read(WANTED, 0.05)) == [None, None]
        assert sizes(await guarded.read(WANTED, 0.05)) == [None, None]  # waits for its turn
    assert not guarded.outage
    store.returns.set()

    assert sizes(await guarded.read(WANTED, 1)) == [2, 1]


async def test_why_a_read_was_given_up_is_told_when_it_ends(
    store: Store, log: pytest.LogCaptureFixture
) -> None:
    guarded = store.guarded(budget_s=0.05)
    store.hangs.set()
    await guarded.read(WANTED, 1)

    store.broken = BOTH
    store.returns.set()

    await wait_for(lambda: "given up ended: ConnectionError: refused" in log.text)


async def test_those_that_wait_for_their_turn_do_not_wait_longer_either(store: Store) -> None:
    guarded = store.guarded(budget_s=0.1)
    store.hangs.set()

    async with asyncio.timeout(1):
        found = await asyncio.gather(*(guarded.read(WANTED, 1) for _ in range(20)))

    assert {tuple(sizes(one)) for one in found} == {(None, None)}


async def test_a_caller_that_leaves_disturbs_no_other(store: Store) -> None:
    guarded = store.guarded(budget_s=5)
    store.hangs.set()
    leaves = asyncio.create_task(guarded.read(WANTED, 5))
    await wait_for(lambda: store.calls == 1)
    stays = asyncio.create_task(guarded.read(WANTED, 5))

    leaves.cancel()
    store.returns.set()

    assert sizes(await stays) == [2, 1]
    assert not guarded.outage
