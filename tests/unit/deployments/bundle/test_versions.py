import asyncio
from threading import Event

import pytest

from deployments.bundle.versions import Versions
from deployments.model_id import ModelId


def parcels(version: str) -> ModelId:
    return ModelId("parcels", version)


def itself(model: ModelId) -> ModelId:
    return model


class Loader:
    """Loads ``version`` as ``loaded version``, once the test lets it; some fail."""

    def __init__(self, *, open_gate: bool = True) -> None:
        self.calls: list[str] = []
        self.broken: set[str] = set()
        self.gate = Event()
        if open_gate:
            self.gate.set()

    def __call__(self, model: ModelId) -> str:
        version = model.version
        self.calls.append(version)
        assert self.gate.wait(timeout=30)
        if version in self.broken:
            raise ValueError(f"{version} is broken")
        return f"loaded {version}"


async def until(started: Loader, calls: int) -> None:
    """Wait for the loader's thread to have been called that often."""
    async with asyncio.timeout(30):
        while len(started.calls) < calls:
            await asyncio.sleep(0)


async def idle() -> None:
    """Wait for every other task to end, and for what is called when it does."""
    async with asyncio.timeout(30):
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_concurrent_callers_share_one_load() -> None:
    load = Loader(open_gate=False)
    versions = Versions(load)
    callers = [asyncio.create_task(versions.get(parcels("1"))) for _ in range(5)]
    await until(load, 1)
    load.gate.set()

    assert await asyncio.gather(*callers) == ["loaded 1"] * 5
    assert load.calls == ["1"]


async def test_a_caller_that_goes_away_leaves_the_load_to_the_others() -> None:
    load = Loader(open_gate=False)
    versions = Versions(load)
    leaver, stayer = (asyncio.create_task(versions.get(parcels("1"))) for _ in range(2))
    await until(load, 1)
    leaver.cancel()
    load.gate.set()

    assert await stayer == "loaded 1"
    assert leaver.cancelled()


async def test_a_load_is_kept_even_if_its_only_caller_went_away() -> None:
    load = Loader(open_gate=False)
    versions = Versions(load)
    leaver = asyncio.create_task(versions.get(parcels("1")))
    await until(load, 1)
    leaver.cancel()
    load.gate.set()
    await idle()

    assert await versions.get(parcels("1")) == "loaded 1"
    assert load.calls == ["1"]


async def test_a_failed_load_is_tried_again_at_the_next_call() -> None:
    load = Loader()
    load.broken.add("1")
    versions = Versions(load)
    with pytest.raises(ValueError, match="1 is broken"):
        await versions.get(parcels("1"))
    load.broken.clear()

    assert await versions.get(parcels("1")) == "loaded 1"


async def test_the_version_used_longest_ago_makes_room() -> None:
    load = Loader()
    versions = Versions(load, keep=2)
    for version in ("1", "2", "1", "3", "1", "3"):
        await versions.get(parcels(version))
    assert load.calls == ["1", "2", "3"]

    await versions.get(parcels("2"))

    assert load.calls == ["1", "2", "3", "2"]


async def test_the_versions_of_one_model_make_no_room_for_anothers() -> None:
    load = Loader()
    versions = Versions(load, keep=2)
    models = [ModelId(name, version) for name in ("parcels", "letters") for version in "123"]
    for model in models:
        await versions.get(model)

    for model in models[1:3] + models[4:]:
        await versions.get(model)

    assert load.calls == [*"123", *"123"]


async def test_a_stage_without_a_version_does_not_start() -> None:
    load = Loader()
    load.broken.add("1")

    with pytest.raises(ValueError, match="1 is broken"):
        await Versions(load).prepare(parcels("1"), itself)


async def test_a_version_that_cannot_be_prepared_leaves_the_others_serving(
    log: pytest.LogCaptureFixture,
) -> None:
    load = Loader()
    load.broken.add("2")
    versions = Versions(load)
    await versions.prepare(parcels("1"), itself)

    await versions.prepare(parcels("2"), itself)

    assert "version 2 cannot be loaded, the others keep serving: 2 is broken" in log.text
    assert await versions.get(parcels("1")) == "loaded 1"
    assert load.calls == ["1", "2"]


async def test_a_version_that_cannot_be_named_leaves_the_others_serving() -> None:
    versions = Versions(Loader())
    await versions.prepare(parcels("1"), itself)

    def resolve(_: ModelId) -> ModelId:
        raise LookupError("there is no latest")

    await versions.prepare(parcels("latest"), resolve)

    assert await versions.get(parcels("1")) == "loaded 1"
    with pytest.raises(LookupError):
        await Versions(Loader()).prepare(parcels("latest"), resolve)
