"""Rows that a program fails for, and programs that fail as such."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from deployments.frames import Failure, Outputs, TensorFrame
from deployments.model.backends.torch_cpu import TorchRuntime
from deployments.model.deployment import ModelReplica
from deployments.model.options import ModelOptions
from deployments.model.stage import ModelStage
from tests.support.shop import MOST, NAME, PRICE, Shop, shop

INLINE, THREAD = ModelOptions(device="cpu", inline_s=60), ModelOptions(device="cpu", inline_s=0)
FAILED = Failure("the program failed for this row: IndexError")

_batched: Any = ModelReplica._batched
run_batch = _batched.__wrapped__


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop(tmp_path_factory.mktemp("shop"))


def orders(built: Shop, *quantity: int) -> TensorFrame:
    numeric = np.array([(PRICE * each, each, 12) for each in quantity], np.float32)
    categorical = np.ones((len(quantity), 1), np.int64)
    return TensorFrame(built.id, {"numeric": numeric, "categorical": categorical})


def check(outputs: Mapping[str, npt.NDArray[Any]], *expected: float) -> None:
    np.testing.assert_array_equal(outputs["total"], np.array(expected, np.float32))


@pytest.mark.parametrize("options", [INLINE, THREAD], ids=["inline", "thread"])
async def test_a_row_that_the_program_cannot_answer_fails_alone(
    built: Shop, options: ModelOptions
) -> None:
    model = ModelStage(built.bundles, options)

    predicted = await model.predict(orders(built, 2, MOST, 4, MOST + 1))

    check(predicted.outputs, 5, np.nan, 10, np.nan)
    assert predicted.failed == {1: FAILED, 3: FAILED}


async def test_a_single_row_fails_as_it_does_in_a_batch(built: Shop) -> None:
    predicted = await ModelStage(built.bundles, INLINE).predict(orders(built, MOST))

    assert predicted.failed == {0: FAILED}


async def test_among_frames_of_many_callers_each_has_its_own_failures(built: Shop) -> None:
    frames = [orders(built, 2, 4), orders(built, MOST), orders(built, 6, MOST, 8)]

    first, second, third = await run_batch(ModelReplica(built.bundles, NAME, INLINE), frames)

    assert [one.failed for one in (first, second, third)] == [{}, {0: FAILED}, {1: FAILED}]
    check(first.outputs, 5, 10)
    check(third.outputs, 15, np.nan, 20)


class Flaky:
    """Stands in a program's way at the calls of these numbers, as a device that is lost does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, first: int, last: float) -> None:
        run, self.calls = TorchRuntime.run, 0

        def fails(runtime: TorchRuntime, frame: TensorFrame) -> Outputs:
            self.calls += 1
            if first <= self.calls <= last:
                raise RuntimeError("the device is lost")
            return run(runtime, frame)

        monkeypatch.setattr(TorchRuntime, "run", fails)


@pytest.mark.parametrize("first", [1, 4], ids=["from the start", "meanwhile"])
async def test_a_program_that_fails_for_golden_rows_blames_no_row(
    built: Shop, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    model = ModelStage(built.bundles, INLINE)
    await model.predict(orders(built, 2))
    flaky = Flaky(monkeypatch, first=first, last=float("inf"))

    with pytest.raises(RuntimeError, match="the device is lost"):
        await model.predict(orders(built, 2, MOST, 4))
    assert flaky.calls <= 6


async def test_a_replica_whose_program_works_no_more_is_not_healthy(
    built: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = ModelReplica(built.bundles, NAME, INLINE)
    (answered,) = await run_batch(replica, [orders(built, 2)])
    assert not answered.failed
    with monkeypatch.context() as patch:
        Flaky(patch, first=1, last=float("inf"))
        (lost,) = await run_batch(replica, [orders(built, 2)])
        with pytest.raises(RuntimeError, match="the device is lost"):
            await replica.check_health()

    assert isinstance(lost, RuntimeError)
    for _ in range(2):
        await replica.check_health()


async def test_a_row_that_fails_leaves_its_replica_healthy(built: Shop) -> None:
    replica = ModelReplica(built.bundles, NAME, INLINE)
    await run_batch(replica, [orders(built, MOST)])

    await replica.check_health()


async def test_a_mishap_that_does_not_come_again_fails_no_row(
    built: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelStage(built.bundles, INLINE)
    await model.predict(orders(built, 2))
    Flaky(monkeypatch, first=1, last=1)

    predicted = await model.predict(orders(built, 2, 4))

    check(predicted.outputs, 5, 10)
    assert not predicted.failed


@pytest.mark.parametrize(
    ("dtype", "blank"), [("int64", 0), ("bool", False), ("float16", np.nan), ("object", None)]
)
async def test_a_row_without_an_answer_has_what_stands_for_none(
    built: Shop, monkeypatch: pytest.MonkeyPatch, dtype: str, blank: Any
) -> None:
    model = ModelStage(built.bundles, INLINE)
    await model.predict(orders(built, 2))
    run = TorchRuntime.run

    def other(runtime: TorchRuntime, frame: TensorFrame) -> Outputs:
        return {name: values.astype(dtype) for name, values in run(runtime, frame).items()}

    monkeypatch.setattr(TorchRuntime, "run", other)

    predicted = await model.predict(orders(built, 2, MOST, 4))

    assert predicted.outputs["total"].dtype == dtype
    np.testing.assert_array_equal(predicted.outputs["total"][1], blank)
    assert predicted.failed == {1: FAILED}


async def test_answers_that_are_not_one_for_each_row_are_not_mixed_up(
    built: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ModelStage(built.bundles, INLINE)
    await model.predict(orders(built, 2))
    run = TorchRuntime.run

    def positive(runtime: TorchRuntime, frame: TensorFrame) -> Outputs:
        return {name: values[values > 0] for name, values in run(runtime, frame).items()}

    monkeypatch.setattr(TorchRuntime, "run", positive)

    predicted = await model.predict(orders(built, 2, 0, 4))

    check(predicted.outputs, 5, np.nan, 10)
    assert predicted.failed == {1: Failure("the program failed for this row: ValueError")}
