import asyncio

import pytest

from app.serving.errors import Overloaded
from tests.support.batches import Stage, ask, coalescer


async def test_idle_a_request_leaves_alone_at_once() -> None:
    stage = Stage()
    queue = coalescer(stage)

    answer = ask(queue, 1)
    batch = await stage.next()
    batch.release()

    assert batch.rows == [1]
    assert await answer == [1]


async def test_a_free_slot_is_used_while_another_batch_runs() -> None:
    stage = Stage()
    queue = coalescer(stage, in_flight=2)
    slow = ask(queue, 1)
    first = await stage.next()

    fast = ask(queue, 2)
    second = await stage.next()
    second.release()

    assert await fast == [2]
    assert not slow.done()
    first.release()
    assert await slow == [1]


async def test_requests_read_together_leave_together() -> None:
    stage = Stage()
    queue = coalescer(stage, in_flight=2)

    answers = [ask(queue, row) for row in (1, 2, 3)]
    batch = await stage.next()
    batch.release()

    assert batch.rows == [1, 2, 3]
    assert [await answer for answer in answers] == [[1], [2], [3]]
    assert stage.idle


async def test_busy_requests_wait_in_order_and_leave_together() -> None:
    stage = Stage()
    queue = coalescer(stage)
    answers = [ask(queue, 1)]
    first = await stage.next()

    answers += [ask(queue, 2), ask(queue, 3, 4), ask(queue, 5)]
    first.release()
    second = await stage.next()
    second.release()

    assert second.rows == [2, 3, 4, 5]
    assert [await answer for answer in answers] == [[1], [2], [3, 4], [5]]


async def test_a_batch_holds_max_rows_and_no_request_is_overtaken() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=4)
    answers = [ask(queue, 1)]
    batches = [await stage.next()]

    answers += [ask(queue, 2, 3), ask(queue, 4, 5, 6), ask(queue, 7), ask(queue, 8)]
    for _ in range(3):
        batches[-1].release()
        batches.append(await stage.next())
    batches[-1].release()

    assert [batch.rows for batch in batches] == [[1], [2, 3], [4, 5, 6, 7], [8]]
    await asyncio.gather(*answers)


@pytest.mark.parametrize("in_flight", [1, 2, 3])
async def test_no_more_than_in_flight_batches_run(in_flight: int) -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=1, in_flight=in_flight)

    answers = [ask(queue, row) for row in range(6)]
    running = [await stage.next() for _ in range(in_flight)]

    for row in range(in_flight, 6):
        assert stage.idle
        running.pop(0).release()
        running.append(await stage.next())
        assert running[-1].rows == [row]
    for batch in running:
        batch.release()
    assert [await answer for answer in answers] == [[row] for row in range(6)]


async def test_a_full_queue_refuses_and_then_takes_again() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=4, max_queued_rows=3)
    answers = [ask(queue, 1)]
    first = await stage.next()
    answers += [ask(queue, 2, 3)]

    refused = ask(queue, 4, 5)
    with pytest.raises(Overloaded, match="2 rows are waiting") as caught:
        await refused
    assert caught.value.retry_after_s == 1

    answers += [ask(queue, 6)]
    first.release()
    second = await stage.next()
    assert second.rows == [2, 3, 6]
    answers += [ask(queue, 7, 8, 9)]
    second.release()
    (await stage.next()).release()
    await asyncio.gather(*answers)


async def test_a_request_over_the_queues_bound_is_taken_by_an_empty_queue() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=4, max_queued_rows=1)
    small = ask(queue, 1)
    first = await stage.next()

    large = ask(queue, 2, 3, 4, 5)
    first.release()
    (await stage.next()).release()

    assert await small == [1]
    assert await large == [2, 3, 4, 5]
