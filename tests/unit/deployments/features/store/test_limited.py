import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from deployments.features.store.limited import LimitedCalls, Overdue
from tests.support.wait import wait_for


class Calls:
    """Limited calls, and what came back late of them."""

    def __init__(self) -> None:
        self.late: list[Future[int]] = []
        self.limited: LimitedCalls[int] = LimitedCalls("limited", self.late.append)
        self.go_on = threading.Event()

    def stuck(self) -> int:
        self.thread = threading.current_thread()
        self.go_on.wait(30)
        return 7


@pytest.fixture
def calls() -> Iterator[Calls]:
    calls = Calls()
    yield calls
    calls.go_on.set()


async def test_a_call_in_time_returns_or_raises(calls: Calls) -> None:
    assert await calls.limited.run(lambda: 7, 60) == 7
    with pytest.raises(ZeroDivisionError):
        await calls.limited.run(lambda: 1 // 0, 60)
    assert calls.limited.left == 0
    assert calls.late == []


async def test_one_that_takes_too_long_is_left_and_the_next_has_another_thread(
    calls: Calls,
) -> None:
    with pytest.raises(Overdue, match=r"no answer within 0\.01 s"):
        await calls.limited.run(calls.stuck, 0.01)

    assert await calls.limited.run(lambda: 8, 60) == 8
    assert calls.limited.left == 1


async def test_what_it_returns_after_all_is_told_and_its_thread_ends(calls: Calls) -> None:
    with pytest.raises(Overdue):
        await calls.limited.run(calls.stuck, 0.01)

    calls.go_on.set()

    await wait_for(lambda: [late.result() for late in calls.late] == [7])
    await wait_for(lambda: calls.limited.left == 0)


async def test_calls_run_one_at_a_time(calls: Calls) -> None:
    first = calls.limited.run(calls.stuck, 60)
    second = calls.limited.run(lambda: 8, 60)
    assert not (await asyncio.wait([second], timeout=0.02))[0]

    calls.go_on.set()

    assert (await first, await second) == (7, 8)


def test_a_loop_that_is_gone_is_no_error(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> None:
        with pytest.raises(Overdue):
            await calls.limited.run(calls.stuck, 0.01)

    asyncio.run(leave())
    calls.go_on.set()
    calls.thread.join(30)

    assert not calls.thread.is_alive()
    assert caplog.text == ""  # concurrent.futures logs what a callback raises
