"""Chains of tiny stages, where the stages are not the subject."""

from collections.abc import Awaitable, Callable

import numpy as np

from app.serving.chain import Chain
from deployments.frames import Frame, Outputs, Predicted, Status, TensorFrame, ViewStates
from deployments.stage.timed import timed


async def lookup(frame: Frame) -> Frame:
    """Every view of ``parcels`` is fresh and a minute old; each value is the weight."""
    features = {name: frame.columns["weight"] for name in ("load__hourly", "fleet__vans")}
    views = ViewStates(
        ("load", "fleet"),
        np.full((2, frame.rows), Status.FRESH, np.int8),
        np.full((2, frame.rows), 60.0),
    )
    return Frame(frame.model, frame.rows, frame.columns | features, views)


async def preprocess(frame: Frame) -> TensorFrame:
    weight = frame.columns["weight"].astype(np.float32)
    return TensorFrame(frame.model, {"weight": weight})


async def predict(frame: TensorFrame) -> Outputs:
    weight = frame.inputs["weight"]
    return {"late": weight / 1000, "cost": weight * 2}


async def model(frame: TensorFrame) -> Predicted:
    """``predict`` as the model stage answers it."""
    return Predicted(await predict(frame))


def weighing(
    lookup: Callable[[Frame], Awaitable[Frame]] = lookup,
    preprocess: Callable[[Frame], Awaitable[TensorFrame]] = preprocess,
    predict: Callable[[TensorFrame], Awaitable[Outputs]] = predict,
) -> Chain:
    """For ``parcels``: ``late`` is a thousandth of the weight, ``cost`` is twice the weight."""

    async def answer(frame: TensorFrame) -> Predicted:
        return Predicted(await predict(frame))

    return Chain(timed(lookup), timed(preprocess), timed(answer))
