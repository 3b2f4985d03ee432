"""The queue as it is bounded in time, and the deadlines of those that wait in it."""

import asyncio

import pytest

from app.serving.errors import Overloaded, TimedOut
from tests.support.batches import Stage, ask, coalescer


async def test_a_request_is_refused_that_would_have_to_wait_too_long() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=2, max_wait_s=1.0)
    queue._batch_s = 0.4  # as recent batches took
    running = ask(queue, 0)
    first = await stage.next()

    waiting = [ask(queue, row) for row in range(1, 4)]
    await asyncio.sleep(0)
    assert queue.wait_s() == pytest.approx(0.4 * (3 / 2 + 1))
    assert queue.wait_s(ahead=2) == pytest.approx(0.4 * (5 / 2 + 1))
    last = ask(queue, 4)
    await asyncio.sleep(0)

    with pytest.raises(Overloaded) as caught:
        await ask(queue, 5)
    assert caught.value.retry_after_s == 2  # 1.2 s, in whole seconds

    first.release()
    for _ in range(2):
        (await stage.next()).release()
    assert await asyncio.gather(running, *waiting, last) == [[0], [1], [2], [3], [4]]


async def test_a_request_is_refused_that_could_not_be_answered_in_its_time() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=1)
    queue._batch_s = 0.5
    answers = [ask(queue, 0)]
    first = await stage.next()
    answers.append(ask(queue, 1))
    await asyncio.sleep(0)
    now = asyncio.get_running_loop().time()

    with pytest.raises(Overloaded, match="in its time"):
        await ask(queue, 2, deadline=now + 1.4)  # 1.0 s of waiting and 0.5 s of its own
    answers.append(ask(queue, 3, deadline=now + 2.5))

    first.release()
    for _ in range(2):
        (await stage.next()).release()
    assert await asyncio.gather(*answers) == [[0], [1], [3]]


async def test_an_empty_queue_refuses_nobody() -> None:
    stage = Stage()
    queue = coalescer(stage, max_wait_s=0.001)
    queue._batch_s = 60.0
    first = ask(queue, 1)
    batch = await stage.next()
    second = ask(queue, 2)

    batch.release()
    (await stage.next()).release()

    assert list(await asyncio.gather(first, second)) == [[1], [2]]


async def test_the_later_parts_of_a_request_that_was_let_in_are() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=1, max_queued_rows=1)
    answers = [ask(queue, 0)]
    first = await stage.next()
    answers.append(ask(queue, 1))
    await asyncio.sleep(0)

    part = queue.submit([2], admitted=True)
    first.release()
    for _ in range(2):
        (await stage.next()).release()

    await asyncio.gather(*answers)
    assert await part == ([2], 0)


async def test_one_whose_time_is_over_is_not_started() -> None:
    stage = Stage()
    queue = coalescer(stage)
    running = ask(queue, 1)
    first = await stage.next()
    loop = asyncio.get_running_loop()
    late, patient = ask(queue, 2, deadline=loop.time() + 0.01), ask(queue, 3)
    await asyncio.sleep(0.02)

    first.release()
    second = await stage.next()
    second.release()

    assert second.rows == [3]
    with pytest.raises(TimedOut):
        await late
    assert list(await asyncio.gather(running, patient)) == [[1], [3]]


async def test_a_batch_has_as_long_as_its_most_patient_request() -> None:
    stage = Stage()
    queue = coalescer(stage)
    ends = [asyncio.get_running_loop().time() + seconds for seconds in (3, 9, 6)]
    answers = [ask(queue, place, deadline=end) for place, end in enumerate(ends)]

    batch = await stage.next()
    batch.release()

    assert batch.deadline == max(ends)
    await asyncio.gather(*answers)


async def test_the_wait_is_known_from_what_batches_take() -> None:
    stage = Stage()
    queue = coalescer(stage)
    for _ in range(50):
        answer = ask(queue, 1)
        batch = await stage.next()
        await asyncio.sleep(0.002)
        batch.release()
        await answer
    assert queue.wait_s() == 0.0  # a slot is free

    answer = ask(queue, 1)
    batch = await stage.next()
    assert 0.001 < queue.wait_s() < 0.1
    batch.release()
    await answer


async def test_batches_that_run_out_of_time_count_too() -> None:
    async def too_late(rows: list[int], deadline: float) -> list[int]:
        await asyncio.sleep(0.02)
        raise TimedOut("too late")

    queue = coalescer(too_late)
    for row in range(20):
        with pytest.raises(TimedOut):
            await ask(queue, row)

    queue._running = 1
    assert queue.wait_s() > 0.015


async def test_a_batch_that_stands_out_does_not_have_others_refused() -> None:
    queue = coalescer(Stage(), max_wait_s=0.1)
    queue._running = 1
    for _ in range(20):
        queue._took(0.01)

    queue._took(2.0)
    assert queue.wait_s() < 0.03
    for _ in range(20):
        queue._took(2.0)
    assert queue.wait_s() > 1.0


async def test_where_all_batches_under_way_are_stuck_who_comes_is_refused_at_once() -> None:
    stage = Stage()
    queue = coalescer(stage, in_flight=2, max_wait_s=0.1, stuck_s=0.2)
    held = [ask(queue, 0)]
    batches = [await stage.next()]
    held.append(ask(queue, 1))
    batches.append(await stage.next())
    await asyncio.sleep(0)
    assert queue.refusal() is None  # they have just begun

    queue._launched -= 3.0
    with pytest.raises(Overloaded, match="no batch under way ends: try again") as caught:
        await ask(queue, 2)
    assert caught.value.retry_after_s == 4

    batches.pop(0).release()  # one goes on: so does who comes
    await held[0]
    held += [ask(queue, 3), ask(queue, 4)]
    batches.append(await stage.next())
    assert batches[-1].rows == [3, 4]
    held.append(ask(queue, 5))
    await asyncio.sleep(0)
    assert queue.refusal() is None
    for batch in batches:
        batch.release()
    (await stage.next()).release()
    assert await asyncio.gather(*held) == [[0], [1], [3], [4], [5]]


async def test_a_stuck_batch_alone_refuses_whom_it_would_make_late() -> None:
    stage = Stage()
    queue = coalescer(stage, max_wait_s=60.0, stuck_s=0.2)
    held = ask(queue, 0)
    batch = await stage.next()
    queue._launched -= 3.0
    now = asyncio.get_running_loop().time()

    with pytest.raises(Overloaded, match="in its time"):
        await ask(queue, 1, deadline=now + 2.0)
    patient = ask(queue, 2, deadline=now + 30.0)
    await asyncio.sleep(0)

    batch.release()
    (await stage.next()).release()
    assert [await held, await patient] == [[0], [2]]


async def test_who_fits_into_the_next_batch_is_let_in_however_slow_batches_are() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=3, max_wait_s=0.1)
    queue._batch_s = 2.0  # as on a machine that starts replicas beside
    answers = [ask(queue, 0)]
    batch = await stage.next()

    answers += [ask(queue, row) for row in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="3 rows are waiting"):
        await ask(queue, 4)

    batch.release()
    (await stage.next()).release()
    assert await asyncio.gather(*answers) == [[0], [1], [2], [3]]
