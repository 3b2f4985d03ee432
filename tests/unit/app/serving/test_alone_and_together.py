"""A row's answer rests on that row alone, whatever rows share its batch."""

import asyncio
from random import Random

import pytest

from app.serving.answers import RowAnswer
from app.serving.contract import Row
from app.serving.served_version import Answer
from tests.support.shop import HUGE, KNOWN, MODES, MOST, SIZED, UNKNOWN, UNSIZED, Shop, shop


@pytest.fixture(scope="module", params=MODES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop(tmp_path_factory.mktemp("shop"), request.param)


def rows(seed: int, count: int) -> list[Row]:
    random = Random(seed)
    products, sizes = [KNOWN, HUGE, UNKNOWN], [SIZED, "-0", "1e400", "nan", UNSIZED, "١٢"]
    return [
        (random.choice(products), random.randint(1, MOST + 10), random.choice(sizes))
        for _ in range(count)
    ]


def told(answer: Answer) -> object:
    if isinstance(answer, RowAnswer):
        return answer.outputs, answer.features.status, answer.features.values
    return answer.code, answer.message


@pytest.mark.parametrize("seed", range(3))
async def test_a_row_is_answered_together_as_it_is_alone(built: Shop, seed: int) -> None:
    serving = (await built.serving()).serving()
    asked = rows(seed, 60)

    together = await serving.answer(asked, values=True)
    at_once = await asyncio.gather(*(serving.answer([row], values=True) for row in asked))

    for place, row in enumerate(asked):
        (alone,) = await serving.answer([row], values=True)
        assert told(together[place]) == told(at_once[place][0]) == told(alone)
    assert len({type(answer) for answer in together}) == 2
