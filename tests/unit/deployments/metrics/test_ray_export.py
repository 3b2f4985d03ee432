"""What is told to Ray, which is asked here by a recorder in its place."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from deployments.metrics import ray_export
from deployments.metrics.metric import Label, Source, counter, gauge, histogram
from deployments.metrics.ray_export import Makers, RayExport
from deployments.metrics.series import Counts
from tests.support.wait import wait_for

WHO = Label("who", "which", bound=4)
EVENTS = counter("events", "Events", WHO)
LEVEL = gauge("level", "A level")
TOOK = histogram("took", "Time", WHO, buckets=(0.1, 1))

Told = list[tuple[str, float, dict[str, str]]]


class One:
    def __init__(self, name: str, keys: tuple[str, ...], told: Told) -> None:
        self._name, self._keys, self._told = name, keys, told

    def inc(self, value: float, tags: dict[str, str]) -> None:
        assert value >= 0
        self.set(value, tags)

    def set(self, value: float, tags: dict[str, str]) -> None:
        assert tuple(tags) == self._keys
        self._told.append((self._name, value, tags))


class Recorder(Makers):
    def __init__(self) -> None:
        self.told: Told = []
        self.made: list[str] = []

    def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        self.made.append(name)
        return One(name, keys, self.told)

    gauge = counter

    def sums(self) -> dict[tuple[str, ...], float]:
        """What counters have come to, and what gauges were told last."""
        found: dict[tuple[str, ...], float] = {}
        for name, value, tags in self.told:
            key = name, *tags.values()
            found[key] = value if name == LEVEL.name else found.get(key, 0.0) + value
        self.told.clear()
        return found


@pytest.fixture
def ray() -> Recorder:
    return Recorder()


def test_a_counter_is_told_by_what_is_new(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    one = counts.counter(EVENTS)["ada"]
    export.hand_on()
    assert ray.sums() == {("events", "ada"): 0}  # so that it is there before its first event

    one.add(3)
    export.hand_on()
    assert ray.sums() == {("events", "ada"): 3}
    export.hand_on()
    assert ray.sums() == {}
    one.add(2)
    export.hand_on()
    assert ray.sums() == {("events", "ada"): 2}
    assert ray.made == ["events"]


def test_a_gauge_is_told_each_time(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    counts.gauge(LEVEL)[()].set(2)
    for _ in range(2):
        export.hand_on()
        assert ray.sums() == {("level",): 2}


def test_a_histogram_is_told_as_counters_that_add_up(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    one = counts.histogram(TOOK)["ada"]
    export.hand_on()
    nothing = {("took_bucket", "ada", le): 0.0 for le in ("0.1", "1", "+Inf")}
    assert ray.sums() == nothing | {("took_count", "ada"): 0, ("took_sum", "ada"): 0}

    for value in (0.1, 0.5, 0.5, 3.0):
        one.observe(value)
    export.hand_on()
    assert ray.sums() == {
        ("took_bucket", "ada", "0.1"): 1,
        ("took_bucket", "ada", "1"): 3,
        ("took_bucket", "ada", "+Inf"): 4,
        ("took_count", "ada"): 4,
        ("took_sum", "ada"): 4.1,
    }

    one.observe(0.5)
    export.hand_on()
    assert ray.sums() == {
        ("took_bucket", "ada", "1"): 1,
        ("took_bucket", "ada", "+Inf"): 1,
        ("took_count", "ada"): 1,
        ("took_sum", "ada"): pytest.approx(0.5),
    }


def test_one_that_comes_again_begins_anew(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    events, took = counts.counter(EVENTS), counts.histogram(TOOK)
    for times in (5, 2):
        events["ada"].add(times)
        took["ada"].observe(0.5, times)
        export.hand_on()
        told = ray.sums()
        assert told["events", "ada"] == told["took_count", "ada"] == times
        events.forget(("ada",))
        took.forget(("ada",))
    export.hand_on()
    assert ray.sums() == {}


def test_what_commands_export_is_not_told(ray: Recorder) -> None:
    counts = Counts()
    counts.counter(replace(EVENTS, source=Source.COMMAND))["ada"].add()
    RayExport(counts, ray).hand_on()
    assert ray.told == []


def test_it_asks_first(ray: Recorder) -> None:
    counts = Counts()
    counts.ask(lambda: counts.gauge(LEVEL)[()].set(7))
    RayExport(counts, ray).hand_on()
    assert ray.sums() == {("level",): 7}


async def test_it_goes_on_until_it_is_closed_which_loses_nothing(
    ray: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_export, "EACH_S", 0.01)
    counts = Counts()
    export = RayExport(counts, ray)
    one = counts.counter(EVENTS)["ada"]
    export.start()
    export.start()
    for _ in range(3):
        one.add()
        ray.told.clear()
        await wait_for(lambda: bool(ray.told))
    ray.told.clear()
    one.add(5)
    export.close()
    assert ray.sums() == {("events", "ada"): 5}
    one.add()
    await asyncio.sleep(0.05)
    assert ray.told == []


async def test_what_cannot_be_told_now_is_told_later(
    ray: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ray_export, "EACH_S", 0.01)
    counts, failures = Counts(), 0

    class Failing(Recorder):
        def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
            nonlocal failures
            failures += 1
            if failures < 4:
                raise RuntimeError("no Ray")
            return super().counter(name, help, keys)

    failing = Failing()
    export = RayExport(counts, failing)
    counts.counter(EVENTS)["ada"].add(3)
    with caplog.at_level(logging.ERROR):
        export.start()
        await wait_for(lambda: bool(failing.told))
        export.close()
    assert failing.sums() == {("events", "ada"): 3}
    assert caplog.messages == ["metrics could not be handed on: events"]


class Refusing(Recorder):
    """Takes nothing of these, by the value of the label ``who`` or ``le``."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refused = set(refused)

    def counter(self, name: str, help: str, keys: tuple[str, ...]) -> Any:
        refusing = self

        class Refusal(One):
            def inc(self, value: float, tags: dict[str, str]) -> None:
                if refusing.refused & set(tags.values()):
                    raise ValueError("value must be >0")
                super().inc(value, tags)

        return Refusal(name, keys, self.told)

    gauge = counter


def test_one_that_ray_does_not_take_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts, ray = Counts(), Refusing("ada")
    export = RayExport(counts, ray)
    events, took = counts.counter(EVENTS), counts.histogram(TOOK)
    for who in ("ada", "bob"):
        events[who].add(2)
        took[who].observe(0.5)
    for _ in range(3):
        export.hand_on()
    told = ray.sums()
    assert {key[1] for key in told} == {"bob"}
    assert told["events", "bob"] == 2
    assert told["took_count", "bob"] == 1

    ray.refused.clear()
    export.hand_on()
    told = ray.sums()
    assert {key[1] for key in told} == {"ada"}
    assert told["events", "ada"] == 2
    assert told["took_count", "ada"] == 1
    assert caplog.messages == ["metrics could not be handed on: events, took"]

    ray.refused.add("ada")
    events["ada"].add()
    export.hand_on()
    assert caplog.messages[1:] == ["metrics could not be handed on: events"]


def test_parts_of_a_histogram_that_ray_took_are_not_told_twice() -> None:
    counts, ray = Counts(), Refusing("1")
    export = RayExport(counts, ray)
    counts.histogram(TOOK)["ada"].observe(0.05, 3)
    for _ in range(3):
        export.hand_on()
    assert ray.sums() == {("took_bucket", "ada", "0.1"): 3}

    ray.refused.clear()
    export.hand_on()
    assert ray.sums() == {
        ("took_bucket", "ada", "1"): 3,
        ("took_bucket", "ada", "+Inf"): 3,
        ("took_count", "ada"): 3,
        ("took_sum", "ada"): pytest.approx(0.15),
    }


def test_what_fell_has_begun_anew(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    events, took = counts.counter(EVENTS)["ada"], counts.histogram(TOOK)["ada"]
    events.add(5)
    took.observe(0.5, 5)
    export.hand_on()
    ray.sums()
    events.value, took.counts, took.sum = 2.0, [0, 1, 0], 0.5
    export.hand_on()
    told = ray.sums()
    assert told["events", "ada"] == 2
    assert told["took_count", "ada"] == told["took_bucket", "ada", "1"] == 1
    assert told["took_sum", "ada"] == 0.5


def test_a_sum_that_falls_is_told_once_it_is_above_what_it_was(ray: Recorder) -> None:
    counts = Counts()
    export = RayExport(counts, ray)
    took, sums = counts.histogram(TOOK)["ada"], []
    for value in (-1.0, 3.0, -1.0, 0.5, 2.0):
        took.observe(value)
        export.hand_on()
        sums.append(ray.sums().get(("took_sum", "ada")))
    assert sums == [0, 2, None, None, 1.5]
