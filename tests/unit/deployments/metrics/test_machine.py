import asyncio
import time

import psutil
import pytest

from deployments.metrics import nvml
from deployments.metrics.catalogue import machine
from deployments.metrics.machine import LoopLag, Machine
from deployments.metrics.series import Counts
from tests.support.wait import wait_for


async def test_a_replica_tells_what_it_takes() -> None:
    counts = Counts()
    told = Machine("Model", counts)
    counts.refresh()
    before = counts.counter(machine.CPU)["Model"].value
    spent = time.process_time()
    while time.process_time() - spent < 0.1:
        pass
    counts.refresh()

    assert counts.counter(machine.CPU)["Model"].value - before >= 0.07  # of whole ticks
    held = counts.gauge(machine.MEMORY)["Model"].value
    assert held == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    told.close()


async def test_without_a_gpu_none_is_told_of() -> None:
    counts = Counts()
    told = Machine("Model", counts)
    counts.refresh()
    told.close()

    assert {series.metric for series in counts} == {machine.CPU, machine.MEMORY, machine.LOOP_LAG}


async def test_once_closed_it_tells_no_more() -> None:
    counts = Counts()
    Machine("Model", counts).close()
    counts.refresh()

    assert counts.gauge(machine.MEMORY)["Model"].value == 0


async def test_the_worst_lag_is_told_once() -> None:
    lag = LoopLag()
    await asyncio.sleep(0.12)
    time.sleep(0.3)
    assert lag.worst() >= 0.15
    await wait_for(lambda: lag.worst() < 0.15)
    lag.close()


async def test_a_loop_that_stands_still_now_is_late_already() -> None:
    lag = LoopLag()
    time.sleep(0.3)
    assert lag.worst() >= 0.15
    lag.close()


def test_without_a_driver_no_gpu_is_found() -> None:
    assert nvml.gpu("GPU-00000000-0000-0000-0000-000000000000") is None
