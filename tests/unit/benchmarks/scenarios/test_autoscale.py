"""What is drawn from the polls and the requests of a step of load."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.dashboard import Replica
from benchmarks.load.opened import Arrivals
from benchmarks.scenarios.autoscale import step
from benchmarks.scenarios.autoscale.command import plot
from benchmarks.scenarios.autoscale.replicas import Poll, Watch, counted, wait_for_one
from benchmarks.scenarios.autoscale.step import Phase, Scaling, Shape

SHAPE = Shape(100.0, 300.0, 5.0, before_s=5.0, step_s=10.0, after_s=5.0)
POLLS = [
    Poll(1.0, 1, 0),
    Poll(4.9, 1, 0),
    Poll(6.0, 1, 0),
    Poll(8.0, 1, 2),
    Poll(11.0, 2, 1),
    Poll(12.0, 3, 0),
    Poll(16.0, 2, 0),
    Poll(30.0, 1, 0),
]


def arrivals(*requests: tuple[float, float, float, int]) -> Arrivals:
    due, waited, latency, status = zip(*requests, strict=True)
    return Arrivals(
        np.array(due), np.array(waited), np.array(latency), np.array(status, np.uint32), 0.0
    )


LOAD = arrivals(
    (1.0, 0.0, 0.010, 200),
    (6.0, 0.0, 0.020, 200),
    (6.5, 0.0, 0.600, 200),
    (7.0, 0.0, 0.001, 429),
    (7.1, 0.0, 0.001, 500),
    (7.2, 0.1, 5.000, 0),
    (7.3, 1.0, 1.000, 0),
    (12.0, 0.0, 0.040, 200),
)


def test_counts_what_runs_and_what_starts() -> None:
    states = ("RUNNING", "STARTING", "STOPPING", "RUNNING")
    replicas = [Replica("Ingress", str(number), state, 1) for number, state in enumerate(states)]
    assert counted(replicas, 2.0) == Poll(2.0, 2, 1)


def test_shifts_polls_to_the_clock_of_the_run() -> None:
    assert Watch([Poll(7.0, 1, 0)]).since(5.0) == [Poll(2.0, 1, 0)]


def test_one_replica_is_there_only_where_none_starts() -> None:
    assert wait_for_one(Watch([Poll(0.0, 1, 0)]), 1.0)
    assert not wait_for_one(Watch([Poll(0.0, 1, 1)]), 0.01)
    assert not wait_for_one(Watch(), 0.01)


def test_times_count_from_the_step_and_from_its_end() -> None:
    assert Scaling.of(POLLS, SHAPE) == Scaling(1, 3, 3.0, 6.0, 15.0)


def test_a_replica_that_never_comes_is_not_in_time() -> None:
    scaling = Scaling.of(POLLS[:3], SHAPE)
    assert scaling == Scaling(1, 1, None, None, None)
    assert step.bars(scaling, Phase.of("all", LOAD))[0].reached is False
    assert step.tables(scaling, [])[0].rows[0][1] == "not seen"


def test_tells_lost_requests_from_those_that_were_never_sent() -> None:
    whole = Phase.of("all", LOAD)
    assert (whole.offered, whole.good, whole.refused, whole.errors) == (8, 4, 1, 1)
    assert (whole.lost, whole.given_up) == (1, 1)
    assert whole.p50_ms == pytest.approx(30.0)
    assert step.bars(Scaling.of(POLLS, SHAPE), whole)[1].reached is False


def test_the_step_is_cut_where_the_replica_came() -> None:
    found = {one.name: one.good for one in step.phases(LOAD, SHAPE, Scaling.of(POLLS, SHAPE))}
    assert found["the step"] == 3
    assert (found["- with one replica"], found["- with more"]) == (2, 1)
    assert found["all"] == 4


def test_answers_count_in_the_second_in_which_they_came() -> None:
    offered, answered, p99 = step.per_second(LOAD)
    assert offered.tolist() == [0, 1, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 1]
    assert answered[6:8].tolist() == [1, 1]
    assert np.isnan(p99[7])
    assert p99[12] == pytest.approx(40.0)


def test_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot(POLLS, LOAD, SHAPE, Scaling.of(POLLS, SHAPE), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size
