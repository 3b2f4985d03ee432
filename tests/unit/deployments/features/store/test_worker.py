import threading
from functools import partial

import pytest

from deployments.features.store.worker import Worker
from tests.support.wait import wait_until


def test_calls_run_in_turn_in_one_other_thread() -> None:
    worker: Worker[tuple[int, int]] = Worker("test")

    def call(number: int) -> tuple[int, int]:
        return number, threading.get_ident()

    answers = [worker.submit(partial(call, number)) for number in range(5)]

    numbers, threads = zip(*(answer.result(5) for answer in answers), strict=True)
    assert numbers == (0, 1, 2, 3, 4)
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()


def test_what_a_call_raises_is_its_callers() -> None:
    worker: Worker[float] = Worker("test")

    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: 1 / 0).result(5)
    assert worker.submit(lambda: 1.0).result(5) == 1.0


def test_one_that_is_left_ends_with_the_call_that_it_is_stuck_in() -> None:
    worker: Worker[bool] = Worker("test")
    stuck = threading.Event()
    call = worker.submit(lambda: stuck.wait(10))

    worker.leave()
    assert worker.alive
    stuck.set()

    assert call.result(5)
    wait_until(lambda: not worker.alive, "the end of the thread", 5)


def test_a_call_that_was_cancelled_before_its_turn_does_not_run() -> None:
    worker: Worker[bool] = Worker("test")
    gate, ran = threading.Event(), threading.Event()

    def run() -> bool:
        ran.set()
        return True

    first = worker.submit(lambda: gate.wait(10))
    second = worker.submit(run)

    assert second.cancel()
    gate.set()

    assert first.result(5)
    assert worker.submit(lambda: True).result(5)
    assert not ran.is_set()
