import asyncio
from math import inf

import pytest

from app.serving.errors import TimedOut
from deployments.columns import column_of, key_column
from deployments.frames import Frame, TensorFrame
from tests.support.chains import lookup, preprocess, weighing
from tests.support.manifests import PARCELS


def frame() -> Frame:
    columns = {"depot": key_column("string", ["north"]), "weight": column_of("float64", [2.0])}
    return Frame(PARCELS, 1, columns)


async def test_the_stages_are_cancelled_at_the_deadline() -> None:
    cancelled = asyncio.Event()

    async def stuck(frame: Frame) -> TensorFrame:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return await preprocess(frame)

    now = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut, match="Preprocess did not answer in time"):
        await weighing(preprocess=stuck).run(frame(), now + 0.05)
    assert cancelled.is_set()


async def test_a_timeout_of_a_stage_is_not_the_deadlines() -> None:
    async def times_out(frame: Frame) -> Frame:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await weighing(times_out).run(frame(), asyncio.get_running_loop().time() + 60)


async def test_the_lookup_may_take_what_the_later_stages_leave() -> None:
    budgets: list[float] = []

    async def told(frame: Frame) -> Frame:
        budgets.append(frame.budget_s)
        return await lookup(frame)

    async def slow(frame: Frame) -> TensorFrame:
        await asyncio.sleep(0.02)
        return await preprocess(frame)

    chain = weighing(told, slow)
    for _ in range(30):
        await chain.run(frame(), asyncio.get_running_loop().time() + 1.0)
    with pytest.raises(TimedOut):
        await chain.run(frame(), asyncio.get_running_loop().time() + 0.02)
    await chain.run(frame(), inf)

    assert budgets[0] == pytest.approx(1.0, abs=0.01)
    assert 0.9 < budgets[29] < 0.985
    assert budgets[30] == pytest.approx(0.01, abs=0.005)  # at least half of what there is
    assert budgets[31] == inf
