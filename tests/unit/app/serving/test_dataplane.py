import asyncio
from collections.abc import Collection
from functools import partial
from pathlib import Path

import pytest

from app.config import BatchSettings
from app.serving.dataplane import Dataplane
from app.serving.errors import RowFailed, Unavailable
from deployments.bundle.bundle import BundleError
from deployments.frames import Failure, Frame, Outputs, TensorFrame
from tests.support.chains import lookup, predict, weighing
from tests.support.manifests import PARCELS, field, manifest, parcels, store

SETTINGS = BatchSettings()
ROW = ("north", 7, 2.5, 3, True, 1714551300.0)


async def test_no_version_serves_before_one_is_activated(tmp_path: Path) -> None:
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")

    with pytest.raises(Unavailable):
        dataplane.serving()


async def test_a_version_serves_once_its_example_went_through_the_chain(tmp_path: Path) -> None:
    frames: list[Frame] = []

    async def watched(frame: Frame) -> Frame:
        frames.append(frame)
        return await lookup(frame)

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=watched), "parcels")
    await dataplane.activate("1", SETTINGS)

    assert dataplane.serving().model.version == "1"
    frame, golden = frames
    assert (frame.model, frame.rows, frame.columns["depot"][0]) == (PARCELS, 1, "north")
    assert (golden.model, golden.rows) == (PARCELS, 2)


async def test_the_first_version_must_work(tmp_path: Path) -> None:
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")

    with pytest.raises(BundleError, match="no version '2'"):
        await dataplane.activate("2", SETTINGS)

    assert dataplane.find() is None


async def test_the_error_of_a_first_version_is_the_stages_own(tmp_path: Path) -> None:
    async def broken(frame: Frame) -> Frame:
        raise ConnectionError("the store is down")

    dataplane = Dataplane(store(tmp_path, parcels()), weighing(lookup=broken), "parcels")

    with pytest.raises(ConnectionError, match="the store is down"):
        await dataplane.activate("1", SETTINGS)


async def test_a_version_that_fails_leaves_the_old_one_serving(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    async def only_the_first(frame: Frame) -> Frame:
        if frame.model.version != "1":
            raise ValueError
        return await lookup(frame)

    stores = store(tmp_path, parcels("1"), parcels("2"))
    dataplane = Dataplane(stores, weighing(lookup=only_the_first), "parcels")
    await dataplane.activate("1", SETTINGS)

    await dataplane.activate("2", SETTINGS)
    assert dataplane.serving().model.version == "1"
    assert dataplane.problem is not None
    assert dataplane.problem.startswith("version 2 was refused;")

    await dataplane.activate("3", SETTINGS)
    assert dataplane.serving().model.version == "1"
    assert dataplane.problem.startswith("version 3 was refused;")
    assert "no version '3'" in log.text
    assert "no version '3'" not in dataplane.problem, "the reason may hold paths of the server"

    await dataplane.activate("1", SETTINGS)
    assert dataplane.problem is None


async def test_problems_of_the_moment_are_told_as_long_as_they_last(tmp_path: Path) -> None:
    now = ["no room"]
    bundles = store(tmp_path, parcels())
    dataplane = Dataplane(bundles, weighing(), "parcels", more_problems=lambda: now)

    assert dataplane.problem == "no room"
    now.clear()
    assert dataplane.problem is None


async def test_problems_of_its_surroundings_are_told_beside_a_refused_version(
    tmp_path: Path,
) -> None:
    bundles, problems = store(tmp_path, parcels()), ["this Ray is another"]
    dataplane = Dataplane(bundles, weighing(), "parcels", problems=problems)
    await dataplane.activate("1", SETTINGS)
    assert dataplane.problem == "this Ray is another"

    await dataplane.activate("2", SETTINGS)
    assert dataplane.problem is not None
    assert dataplane.problem.startswith("version 2 was refused;")
    assert dataplane.problem.endswith("; this Ray is another")


async def test_a_version_whose_example_is_no_request_is_refused(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    contradictory = manifest(
        version="2", request_features=[field("weight", "float64", maximum=1, example=2)]
    )
    dataplane = Dataplane(store(tmp_path, parcels("1"), contradictory), weighing(), "parcels")
    await dataplane.activate("1", SETTINGS)

    await dataplane.activate("2", SETTINGS)

    assert dataplane.serving().model.version == "1"
    assert dataplane.problem is not None
    assert dataplane.problem.startswith("version 2 was refused;")
    assert "weight must be a number, at most 1" in log.text


async def test_a_request_ends_on_the_version_it_began_with(tmp_path: Path) -> None:
    hold, reached, go_on = False, asyncio.Event(), asyncio.Event()
    versions: list[str] = []

    async def held(frame: TensorFrame) -> Outputs:
        if hold:
            reached.set()
            await go_on.wait()
        versions.append(frame.model.version)
        return await predict(frame)

    bundles = store(tmp_path, parcels("1"), parcels("2"))
    dataplane = Dataplane(bundles, weighing(predict=held), "parcels")
    await dataplane.activate("1", SETTINGS)
    hold = True
    under_way = asyncio.create_task(dataplane.serving().answer([ROW]))
    await reached.wait()

    hold = False
    await dataplane.activate("2", SETTINGS)
    assert dataplane.serving().model.version == "2"
    go_on.set()
    await under_way

    before_serving = ["1", "1", "2", "2"]  # each with its example, then its golden rows
    assert versions == [*before_serving, "1"]


async def fails(frame: Frame, rows: Collection[int]) -> Frame:
    """The lookup, in which a view fails for some rows of each batch."""
    found = await lookup(frame)
    found.failed = dict.fromkeys(set(rows) & set(range(frame.rows)), Failure("view 'load' failed"))
    return found


async def test_a_version_serves_whose_example_fails_where_golden_rows_do_not(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    chain = weighing(lookup=partial(fails, rows=[0]))
    dataplane = Dataplane(store(tmp_path, parcels()), chain, "parcels")

    await dataplane.activate("1", SETTINGS)

    assert dataplane.serving().example_answer is None
    assert "parcels version 1 does not answer its example: view 'load' failed" in log.text


async def test_a_version_that_answers_none_of_its_own_rows_does_not_serve(tmp_path: Path) -> None:
    async def from_the_second_on(frame: Frame) -> Frame:
        return await fails(frame, [0, 1] if frame.model.version == "2" else [])

    bundles = store(tmp_path, parcels("1"), parcels("2"))
    dataplane = Dataplane(bundles, weighing(lookup=from_the_second_on), "parcels")
    with pytest.raises(RowFailed, match="view 'load' failed"):
        await dataplane.activate("2", SETTINGS)

    await dataplane.activate("1", SETTINGS)
    await dataplane.activate("2", SETTINGS)

    assert dataplane.serving().model.version == "1"
    assert dataplane.problem is not None
