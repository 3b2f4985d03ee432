"""What is told of replicas that do not answer: in the log, and to Prometheus."""

import logging

import pytest

from app.layouts.hops.replicas import Replicas
from deployments.metrics.catalogue.stages import EJECTED, HOP_LIMITS
from tests.support.counted import Counted, gauge


def test_each_step_is_logged_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    counted = Counted()
    logging.getLogger("ray.serve").addHandler(caplog.handler)
    replicas = Replicas("Model")
    replicas.update({"a", "b"})

    for _ in range(2):
        replicas.late("a", 0.2, hung=False)
    replicas.late("a", 1.0, hung=True)
    replicas.late("a", 0.2, hung=False)
    assert replicas.ejected() == ["a"]
    assert gauge(EJECTED, "Model") == 1
    replicas.ended("b")
    replicas.ended("a")
    replicas.ended("a")

    assert caplog.messages == [
        "Model: replica a has not answered for 0.2 s, and gets none while others are there until "
        "it does",
        "Model: replica a has not answered for 1.0 s, and gets no batch until it does",
        "Model: replica a answers again",
    ]
    assert counted(HOP_LIMITS, stage="Model") == {("first",): 3, ("second",): 1}
    assert gauge(EJECTED, "Model") == 0


def test_one_that_is_no_more_counts_no_more() -> None:
    replicas = Replicas("Model")
    replicas.update({"a"})
    replicas.late("a", 1.0, hung=True)
    assert gauge(EJECTED, "Model") == 1

    replicas.update({"b"})

    assert replicas.ejected() == []
    assert gauge(EJECTED, "Model") == 0
