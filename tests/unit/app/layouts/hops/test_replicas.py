"""What is told of replicas that do not answer: in the log, and to Prometheus."""

import logging
from typing import Any

import pytest

from app.layouts.hops.replicas import Replicas


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, dict[str, str]]]:
    """What Ray's metrics are told: their name, the value and the tags."""
    found: list[tuple[str, float, dict[str, str]]] = []

    def tell(metric: Any, value: float = 1.0, tags: dict[str, str] | None = None) -> None:
        found.append((metric.info["name"], value, tags or {}))

    monkeypatch.setattr("ray.serve.metrics.Counter.inc", tell)
    monkeypatch.setattr("ray.serve.metrics.Gauge.set", tell)
    return found


def test_each_step_is_logged_once_and_counted(
    told: list[tuple[str, float, dict[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("ray.serve").addHandler(caplog.handler)
    replicas = Replicas("Model")
    replicas.update({"a", "b"})
    told.clear()

    for _ in range(2):
        replicas.late("a", 0.2, hung=False)
    replicas.late("a", 1.0, hung=True)
    replicas.late("a", 0.2, hung=False)
    assert replicas.ejected() == ["a"]
    replicas.ended("b")
    replicas.ended("a")
    replicas.ended("a")

    assert caplog.messages == [
        "Model: replica a has not answered for 0.2 s, and gets none while others are there until "
        "it does",
        "Model: replica a has not answered for 1.0 s, and gets no batch until it does",
        "Model: replica a answers again",
    ]
    tags = {"stage": "Model"}
    limits = [value["limit"] for name, _, value in told if name == "windsock_hop_limits"]
    assert limits == ["first", "first", "second", "first"]
    ejected = [one for one in told if one[0] == "windsock_ejected_replicas"]
    assert ejected == [("windsock_ejected_replicas", n, tags) for n in (1, 1, 0)]


def test_one_that_is_no_more_counts_no_more(
    told: list[tuple[str, float, dict[str, str]]],
) -> None:
    replicas = Replicas("Model")
    replicas.update({"a"})
    replicas.late("a", 1.0, hung=True)
    assert told[-1][1] == 1

    replicas.update({"b"})

    assert replicas.ejected() == []
    assert told[-1][1] == 0
