"""The process itself: it does works in turns, and ends with whoever started it."""

import logging
import subprocess
import sys
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest

from app.config import GraphArgs
from app.observability.aside.process import Turns
from app.observability.aside.work import Report, Sample


class _Once:
    name, every_s = "counting", 0.01

    def __init__(self) -> None:
        self.turns = 0

    def turn(self) -> Iterable[Sample]:
        self.turns += 1
        if self.turns % 2:
            yield Sample("windsock_drift_rows", ("a", "b"), np.float64(self.turns))
        else:
            raise ValueError("no\nstore")


def test_a_turn_that_fails_is_told_and_the_next_one_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "ray.serve")
    told: list[Report] = []
    turns = Turns(_Once(), told.append)
    for _ in range(3):
        turns.turn()
    assert [report.problem for report in told] == [
        None,
        "counting failed: ValueError: no store",
        None,
    ]
    assert told[2].samples == [("windsock_drift_rows", ("a", "b"), 3)]
    assert caplog.messages == ["counting failed: ValueError: no store", "counting works again"]
    assert msgspec.json.encode(told[2])


class _Odd:
    name, every_s = "odd", 0.01

    def turn(self) -> Iterable[Sample]:
        yield Sample("windsock_drift_rows", ("a", "b"), 1)
        yield Sample("windsock_drift_psi", ("a", "b", "c"), float("nan"))
        yield Sample("windsock_drift_js", ("a", "b", "c"), np.float64("inf"))


def test_what_is_no_number_is_left_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Report] = []
    turns = Turns(_Odd(), told.append)
    for _ in range(2):
        turns.turn()
    line = msgspec.json.encode(told[-1])
    report = msgspec.json.decode(line, type=Report)
    assert report.samples == [("windsock_drift_rows", ("a", "b"), 1)]
    assert report.problem == (
        "odd failed: no number as value of windsock_drift_js, windsock_drift_psi"
    )
    assert caplog.messages == [report.problem]


def test_it_ends_with_its_input() -> None:
    args = GraphArgs.model_validate({"model": {"name": "parcels"}})
    command = [sys.executable, "-m", "app.observability.aside.process"]
    ended = subprocess.run(
        command,
        check=False,
        input=args.model_dump_json() + "\n",
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
