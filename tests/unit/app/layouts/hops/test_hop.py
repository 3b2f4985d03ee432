"""Batches on their way to stages whose replicas hang, die, or are not there."""

import asyncio
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import ActorUnavailableError

from app.layouts.hops import calls
from app.serving.chain import Chain
from app.serving.errors import TimedOut, Unavailable
from deployments.frames import Frame
from deployments.model_id import ModelId
from deployments.stage.timed import timed
from tests.support import chains
from tests.support.staged import SETTINGS, Staged, frame

GONE = ActorUnavailableError("gone", None)


async def test_a_batch_whose_replica_hangs_is_answered_by_another() -> None:
    stage = await Staged("a", "b").usual()
    stage.replicas["a"].hangs = True

    begun = monotonic()
    assert await stage.hop(frame()) == "b"

    assert monotonic() - begun < SETTINGS.hung_s
    assert stage.hop.replicas.ejected() == ["a"]
    assert stage.hop.silent() is None
    assert [await stage.hop(frame()) for _ in range(3)] == ["b"] * 3
    assert stage.replicas["a"].got == 3 + 1


async def test_the_late_answer_takes_the_replica_back() -> None:
    stage = await Staged("a", "b").usual()
    stage.replicas["a"].hangs = True
    await stage.hop(frame())

    stage.replicas["a"].go_on()
    await asyncio.sleep(0.01)

    assert stage.hop.replicas.ejected() == []
    assert await stage.hop(frame()) == "a"


async def test_whichever_of_the_two_answers_first_counts() -> None:
    stage = await Staged("a", "b").usual()
    for replica in stage.replicas.values():
        replica.hangs = True
    answer = asyncio.create_task(stage.hop(frame()))
    while not stage.replicas["b"].got:
        await asyncio.sleep(0.005)

    stage.replicas["a"].go_on()

    assert await answer == "a"


async def test_a_replica_alone_that_hangs_fails_its_batch_and_then_all_at_once() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True

    begun = monotonic()
    with pytest.raises(Unavailable, match="its replica does not answer") as caught:
        await stage.hop(frame())
    assert caught.value.retry_after_s == 1
    assert SETTINGS.hung_s <= monotonic() - begun < 2 * SETTINGS.hung_s

    begun = monotonic()
    with pytest.raises(Unavailable):
        await stage.hop(frame())
    assert monotonic() - begun < SETTINGS.suspect_s
    assert stage.hop.silent() == "its replica does not answer"
    assert stage.replicas["a"].got == 3 + 1

    stage.replicas["a"].go_on()
    await asyncio.sleep(0.01)
    assert stage.hop.silent() is None
    assert await stage.hop(frame()) == "a"


async def test_a_batch_larger_than_any_before_does_not_wait_for_a_hung_replica_alone() -> None:
    """Its own limit is that of the first of its size, which may have things to load."""
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True
    small, large = asyncio.create_task(stage.hop(frame())), asyncio.create_task(stage.hop(frame(9)))

    begun = monotonic()
    ends = await asyncio.gather(small, large, return_exceptions=True)

    assert [type(end) for end in ends] == [Unavailable, Unavailable]
    assert monotonic() - begun < SETTINGS.first_s


async def test_a_replica_alone_that_is_slow_once_is_waited_for() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True
    answer = asyncio.create_task(stage.hop(frame()))
    while not stage.hop.replicas.ejected():
        await asyncio.sleep(0.005)

    stage.replicas["a"].go_on()

    assert await answer == "a"


async def test_a_batch_that_hangs_whoever_gets_it_takes_no_third_one() -> None:
    stage = await Staged("a", "b", "c").usual()
    for replica in stage.replicas.values():
        replica.hangs = True

    with pytest.raises(Unavailable, match="it does not answer"):
        await stage.hop(frame())

    assert stage.replicas["c"].got == 0
    stage.replicas["c"].hangs = False
    assert await stage.hop(frame()) == "c"


async def test_another_replica_that_comes_in_time_saves_the_batch() -> None:
    stage = await Staged("a", "b").usual()
    stage.tell("a")
    stage.replicas["a"].hangs = True
    answer = asyncio.create_task(stage.hop(frame()))
    while not stage.hop.replicas.ejected():
        await asyncio.sleep(0.005)

    stage.tell("a", "b")

    assert await answer == "b"


async def test_a_replica_that_dies_while_it_is_suspect_is_suspect_no_more() -> None:
    stage = await Staged("a", "b").usual()
    stage.replicas["a"].hangs = True
    await stage.hop(frame())

    stage.replicas["a"].die(GONE)
    await asyncio.sleep(0.01)

    assert stage.hop.replicas.ejected() == []


async def test_a_batch_that_kills_whoever_gets_it_ends() -> None:
    stage = Staged("a")
    stage.replicas["a"].hangs = True
    batch = asyncio.create_task(stage.hop(frame()))
    while not batch.done():
        stage.replicas["a"].die(GONE)
        await asyncio.sleep(0.005)

    with pytest.raises(Unavailable, match="replica after replica"):
        await batch


async def test_a_stage_without_replicas_is_unavailable_at_once() -> None:
    stage = await Staged("a").usual()
    stage.hop.replicas.update(set())

    begun = monotonic()
    with pytest.raises(Unavailable, match="no replica is there"):
        await stage.hop(frame())
    assert monotonic() - begun < SETTINGS.suspect_s


async def test_what_waits_for_a_replica_learns_that_there_is_none() -> None:
    stage = await Staged("a").usual()
    stage.routes = False
    batch = asyncio.create_task(stage.hop(frame()))
    await asyncio.sleep(0)

    stage.hop.replicas.update(set())

    begun = monotonic()
    with pytest.raises(Unavailable, match="no replica is there"):
        await batch
    assert monotonic() - begun < SETTINGS.hung_s


async def test_the_first_replicas_are_waited_for() -> None:
    stage = Staged("a", known=False)
    batch = asyncio.create_task(stage.hop(frame()))
    await asyncio.sleep(SETTINGS.suspect_s)
    assert stage.hop.silent() is None

    stage.tell()

    assert await batch == "a"


async def test_replicas_that_take_nothing_are_as_good_as_none() -> None:
    stage = await Staged("a").usual()
    stage.routes = False

    with pytest.raises(Unavailable):
        await stage.hop(frame())
    assert stage.hop.silent() == "no replica takes a batch"
    begun = monotonic()
    with pytest.raises(Unavailable, match="no replica takes a batch"):
        await stage.hop(frame())
    assert monotonic() - begun < SETTINGS.suspect_s

    stage.routes = True
    while stage.hop.silent():
        await asyncio.sleep(0.005)
    assert await stage.hop(frame()) == "a"


async def test_a_replica_to_which_a_batch_is_sent_again_and_again_is_silent() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True

    async def sends_on(batch: Frame) -> str:
        while True:  # as Serve's router does where the connection is refused
            calls.sent("a")
            await asyncio.sleep(0.02)

    handle: Any = SimpleNamespace(remote=sends_on)
    stage.hop._remote = handle

    with pytest.raises(Unavailable, match="its replica does not answer"):
        await stage.hop(frame())


async def test_a_hang_is_seen_by_batches_whose_deadline_comes_first() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True
    chain = Chain(stage.hop, timed(chains.preprocess), timed(chains.model))

    now = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut):
        await chain.run(frame(), now + SETTINGS.suspect_s / 4)

    while not stage.hop.silent():
        await asyncio.sleep(0.005)
    assert monotonic() - now < 2 * SETTINGS.hung_s


async def test_the_first_batch_of_a_version_may_have_things_to_load() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True

    batch = asyncio.create_task(stage.hop(frame(model=ModelId("parcels", "v2"))))
    await asyncio.sleep(2 * SETTINGS.hung_s)
    stage.replicas["a"].go_on()

    assert await batch == "a"


async def test_batches_left_behind_do_not_add_up() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True
    for _ in range(200):
        batch = asyncio.create_task(stage.hop(frame()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        batch.cancel()

    assert stage.replicas["a"].got >= 100
    assert len(stage.hop._under_way) <= 65


async def test_time_in_which_this_process_stood_still_is_nobodys_silence() -> None:
    stage = await Staged("a").usual()
    stage.replicas["a"].hangs = True
    batch = asyncio.create_task(stage.hop(frame()))
    while stage.replicas["a"].got < 4:
        await asyncio.sleep(0)

    until = monotonic() + 2 * SETTINGS.hung_s
    while monotonic() < until:
        pass  # the loop does not turn
    stage.replicas["a"].go_on()

    assert await batch == "a"
    assert stage.hop.replicas.ejected() == []
