"""The values of features of every type, as an answer tells them, and as a stand-in repeats them."""

import json

import msgspec
import numpy as np
import pytest

from app.serving.answers import AnsweredBatch
from app.serving.chain import BatchResult, StageTimes
from app.serving.errors import Unavailable
from app.serving.stand_in import StandIn
from deployments.columns import column_of
from deployments.frames import Frame, Status, ViewStates
from deployments.json_cells import from_json
from deployments.model_id import ModelId
from deployments.stage.timed import Timed
from tests.support.manifests import PARCELS
from tests.support.values import VALUES


@pytest.mark.parametrize("dtype", VALUES)
def test_a_value_is_told_in_the_form_of_its_type(dtype: str) -> None:
    cell = VALUES[dtype][1]
    found = Frame(PARCELS, 2, {"load__x": column_of(dtype, [cell, None])})
    answers = AnsweredBatch(BatchResult({}, found, {}, {}, StageTimes(0, 0, 0, 0)))

    told = [answers.features(place, {"load__x": dtype}).values for place in (0, 1)]
    first, second = json.loads(msgspec.json.encode(told))

    assert from_json(dtype, first["load__x"]) == cell
    assert second == {"load__x": None}


@pytest.mark.parametrize("dtype", VALUES)
async def test_what_stands_in_is_repeated_for_each_row(dtype: str) -> None:
    cell = VALUES[dtype][1]

    async def away(frame: Frame) -> Timed[Frame]:
        raise Unavailable("the stage is away")

    async def defaulted(model: ModelId) -> Frame:
        views = ViewStates(("load",), np.full((1, 1), Status.DEFAULTED, np.int8), np.ones((1, 1)))
        return Frame(model, 1, {"load__x": column_of(dtype, [cell])}, views)

    stand_in = StandIn(away, defaulted)
    await stand_in.remember(PARCELS)
    found = await stand_in.lookup(Frame(PARCELS, 3, {}, counted=False))

    assert found.value.columns["load__x"].tolist() == [cell] * 3
