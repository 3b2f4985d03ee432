import asyncio
import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec import UNSET
from pydantic import ValidationError

from app.config import BatchSettings
from app.serving.answers import RowAnswer
from app.serving.domain import MAX_LENGTH
from app.serving.errors import Overloaded, Unavailable
from app.serving.served_version import Answer, ServedVersion
from app.serving.server_timing import ServerTiming
from deployments.frames import Frame, Outputs, TensorFrame
from tests.support.chains import lookup, preprocess, weighing
from tests.support.manifests import field, manifest, parcels

SETTINGS = BatchSettings()


def row(weight: float) -> tuple[object, ...]:
    return ("north", 7, weight, 3, True, 1714551300.0)


def answered(answers: Sequence[Answer]) -> list[RowAnswer]:
    """They all, of which none was refused."""
    found = [answer for answer in answers if isinstance(answer, RowAnswer)]
    assert len(found) == len(answers)
    return found


async def test_each_row_gets_its_outputs_by_name() -> None:
    serving = ServedVersion(parcels(), weighing(), SETTINGS)
    first, second = answered(await serving.answer([row(250), row(500)]))

    assert first.outputs == {"late": 0.25, "cost": 500.0}
    assert second.outputs == {"late": 0.5, "cost": 1000.0}


async def test_no_rows_get_no_answers() -> None:
    assert await ServedVersion(parcels(), weighing(), SETTINGS).answer([]) == []


@pytest.mark.parametrize("rows", [1, 4, 5, 8, 11])
async def test_a_large_request_is_split_and_answered_in_order(rows: int) -> None:
    sizes: list[int] = []

    async def counted(frame: Frame) -> Frame:
        sizes.append(frame.rows)
        return await lookup(frame)

    serving = ServedVersion(parcels(), weighing(lookup=counted), BatchSettings(max_rows=4))
    answers = answered(await serving.answer([row(weight) for weight in range(rows)]))

    assert [answer.outputs["cost"] for answer in answers] == [2.0 * n for n in range(rows)]
    assert max(sizes) <= 4
    assert sum(sizes) == rows


@pytest.mark.parametrize("rows", [1, 4, 11])
async def test_the_columns_of_an_answer_are_the_answer(rows: int) -> None:
    serving = ServedVersion(parcels(), weighing(), BatchSettings(max_rows=4))
    asked = [row(weight) for weight in range(rows)]
    timing = ServerTiming(0.0)

    answers = await serving.answer_by_column(asked, timing=timing)

    expected = answered(await serving.answer(asked, values=True))
    assert answers.output("cost").tolist() == [one.outputs["cost"] for one in expected]
    assert answers.features(parcels().service.columns) == [one.features for one in expected]
    assert timing.spent["model"] > 0


@pytest.mark.parametrize("rows", [0, 1, 4, 11])
async def test_the_parts_of_an_answer_are_the_answer(rows: int) -> None:
    serving = ServedVersion(parcels(), weighing(), BatchSettings(max_rows=4))
    asked = [row(weight) for weight in range(rows)]

    parts = [part async for part in serving.parts(asked, values=True)]

    assert [answer for part in parts for answer in part] == await serving.answer(asked, values=True)
    assert [len(part) for part in parts] == [min(4, rows - at) for at in range(0, rows, 4)]


async def test_a_part_is_there_while_the_next_is_under_way() -> None:
    hold = asyncio.Event()

    async def held(frame: Frame) -> Frame:
        if frame.columns["weight"][0] == 4:
            await hold.wait()
        return await lookup(frame)

    serving = ServedVersion(parcels(), weighing(lookup=held), BatchSettings(max_rows=4))
    parts = serving.parts([row(weight) for weight in range(8)])

    assert len(await anext(parts)) == 4
    hold.set()
    assert len(await anext(parts)) == 4


async def test_parts_for_which_there_is_no_room_are_refused_before_any_is_asked_for() -> None:
    serving = ServedVersion(parcels(), weighing(), BatchSettings(max_rows=1, max_queued_rows=1))
    waiting = serving.begin(row(1))

    with pytest.raises(Overloaded):
        serving.parts([row(1), row(2)])

    assert serving.end(await waiting)


async def test_a_row_may_begin_without_a_wait() -> None:
    serving = ServedVersion(parcels(), weighing(), SETTINGS)
    begun = [serving.begin(row(weight)) for weight in range(3)]

    answers = [serving.end(await one, values=True) for one in begun]

    assert answers == await serving.answer([row(weight) for weight in range(3)], values=True)


async def test_no_batch_outgrows_a_grpc_message_however_long_its_strings() -> None:
    weights: list[int] = []

    async def weighed(frame: Frame) -> Frame:
        weights.append(len(pickle.dumps(frame)))
        return frame

    async def one_output(frame: TensorFrame) -> Outputs:
        return {"late": np.zeros(frame.rows)}

    async def bare(frame: Frame) -> TensorFrame:
        return TensorFrame(frame.model, {"nothing": np.zeros((frame.rows, 1), np.float32)})

    keys = [field("street"), field("city"), field("country")]
    chain = weighing(weighed, bare, one_output)
    serving = ServedVersion(manifest(entities=keys), chain, BatchSettings(max_rows=100_000))
    rows = [
        tuple(f"{key.name}{place}".ljust(MAX_LENGTH["string"], "😀") for key in keys)
        for place in range(3000)
    ]
    answers = await serving.answer(rows)

    assert len(answers) == 3000
    assert max(weights) < 4 * 2**20


async def test_requests_that_come_together_share_a_batch() -> None:
    sizes: list[int] = []

    async def counted(frame: Frame) -> Frame:
        sizes.append(frame.rows)
        return await lookup(frame)

    serving = ServedVersion(parcels(), weighing(lookup=counted), SETTINGS)
    answers = await asyncio.gather(*(serving.answer([row(weight)]) for weight in range(10)))

    assert [answered(one)[0].outputs["cost"] for one in answers] == [2.0 * n for n in range(10)]
    assert sizes == [10]


async def test_values_are_told_to_who_asks() -> None:
    serving = ServedVersion(parcels(), weighing(), BatchSettings(max_rows=2))
    rows = [row(weight) for weight in range(5)]
    told, plain = await asyncio.gather(serving.answer(rows, values=True), serving.answer(rows))

    assert [answer.features.values for answer in answered(told)] == [
        {"load__hourly": weight, "fleet__vans": weight} for weight in range(5)
    ]
    assert {answer.features.values for answer in answered(plain)} == {UNSET}


async def test_a_failing_stage_is_unavailable_until_it_works_again() -> None:
    working = False

    async def flaky(frame: Frame) -> TensorFrame:
        if not working:
            raise ConnectionError("10.0.0.7 refused")
        return await preprocess(frame)

    serving = ServedVersion(parcels(), weighing(preprocess=flaky), SETTINGS)
    with pytest.raises(Unavailable) as caught:
        await serving.answer([row(1)])
    assert "10.0.0.7" not in caught.value.message
    working = True

    assert len(await serving.answer([row(1)])) == 1


@pytest.mark.parametrize("setting", ["max_rows", "in_flight", "max_queued_rows"])
def test_settings_of_nothing_are_refused(setting: str) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        BatchSettings.model_validate({setting: 0})
