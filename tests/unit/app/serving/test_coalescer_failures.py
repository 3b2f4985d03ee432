import asyncio
from contextvars import ContextVar

import pytest

from app.serving.errors import Overloaded, Unavailable
from tests.support.batches import Stage, ask, coalescer


async def test_a_cancelled_waiter_takes_no_room_in_the_batch() -> None:
    stage = Stage()
    queue = coalescer(stage, max_rows=2)
    answers = [ask(queue, 1)]
    first = await stage.next()
    left = ask(queue, 2)
    answers += [ask(queue, 3), ask(queue, 4)]
    await asyncio.sleep(0)  # they must wait in the queue before one of them leaves it

    left.cancel()
    first.release()
    second = await stage.next()
    second.release()

    assert second.rows == [3, 4]
    assert [await answer for answer in answers] == [[1], [3], [4]]


async def test_a_queue_of_cancelled_waiters_frees_the_slot() -> None:
    stage = Stage()
    queue = coalescer(stage)
    first_answer = ask(queue, 1)
    first = await stage.next()
    left = [ask(queue, 2), ask(queue, 3)]
    await asyncio.sleep(0)  # as above

    for waiter in left:
        waiter.cancel()
    first.release()
    await first_answer
    later = ask(queue, 4)
    (await stage.next()).release()

    assert await later == [4]


async def test_a_request_cancelled_before_its_batch_forms_frees_the_slot() -> None:
    stage = Stage()
    queue = coalescer(stage)
    left = ask(queue, 1)
    await asyncio.sleep(0)  # submitted, its batch not yet formed
    left.cancel()

    later = ask(queue, 2)
    batch = await stage.next()
    batch.release()

    assert batch.rows == [2]
    assert await later == [2]


async def test_a_client_that_leaves_mid_batch_disturbs_no_other() -> None:
    stage = Stage()
    queue = coalescer(stage)
    leaves, stays = ask(queue, 1), ask(queue, 2)
    batch = await stage.next()

    leaves.cancel()
    batch.release()

    assert await stays == [2]
    with pytest.raises(asyncio.CancelledError):
        await leaves


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (Overloaded("later", retry_after_s=3), Overloaded),
        (ValueError("a secret"), Unavailable),
        (StopIteration(), Unavailable),
        (asyncio.CancelledError(), Unavailable),
    ],
)
async def test_a_failed_batch_fails_each_waiter_with_an_error_of_its_own(
    raised: BaseException, seen: type[Exception]
) -> None:
    fails = True

    async def run(rows: list[int], deadline: float) -> list[int]:
        if fails:
            raise raised
        return rows

    queue = coalescer(run)
    first, second = await asyncio.gather(ask(queue, 1), ask(queue, 2), return_exceptions=True)

    assert isinstance(first, seen)
    assert isinstance(second, seen)
    assert first is not second
    assert str(first) == str(second)
    assert "secret" not in str(first)
    told, wanted = (getattr(error, "retry_after_s", None) for error in (first, raised))
    assert told == wanted
    fails = False
    assert await ask(queue, 3) == [3]


async def test_a_batch_does_not_run_in_the_context_of_a_client() -> None:
    client = ContextVar("client", default="none")
    seen: list[str] = []

    async def run(rows: list[int], deadline: float) -> list[int]:
        seen.append(client.get())
        return rows

    queue = coalescer(run, max_rows=1)
    client.set("first")
    answers = [ask(queue, row) for row in (1, 2)]
    await asyncio.gather(*answers)

    assert seen == ["none", "none"]


async def test_a_batch_that_fails_is_not_run_again() -> None:
    runs: list[int] = []

    async def fail(rows: list[int], deadline: float) -> list[int]:
        runs.append(len(rows))
        raise ConnectionError

    queue = coalescer(fail, max_rows=128, max_queued_rows=1000)
    answers = [ask(queue, row) for row in range(128)]

    outcomes = await asyncio.gather(*answers, return_exceptions=True)

    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert runs == [128]
