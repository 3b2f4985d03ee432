"""Spans on their way to a collector that is there, or not."""

import socket
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from app.observability.traces.settings import TracesSettings
from app.secrets import NoSecret
from app.serving.dataplane import Dataplane
from deployments.metrics.catalogue.traces import SPANS
from deployments.metrics.series import COUNTS
from tests.support.collector import Collector
from tests.support.observed import client_of, predict, settings_of, tracing
from tests.support.serve import free_port
from tests.support.wait import wait_for


def counted() -> dict[str, float]:
    return {name: COUNTS.counter(SPANS)[name].value for name in ("exported", "failed", "dropped")}


def since(before: dict[str, float]) -> dict[str, float]:
    return {name: value - before[name] for name, value in counted().items()}


async def test_keys_go_along_and_spans_are_counted(
    dataplane: Dataplane, collector: Collector, tmp_path: Path
) -> None:
    before = counted()
    (tmp_path / "key").write_text("secret\n")
    settings = settings_of(
        collector, ratio=1, headers={"X-Api-Key": {"file": str(tmp_path / "key")}}
    )
    async with tracing(settings) as traces, client_of(dataplane, traces) as client:
        await predict(client, {})
        assert not traces.problems()

    assert len(collector.spans) == 6
    assert {one["x-api-key"] for one in collector.headers} == {"secret"}
    assert since(before) == {"exported": 6, "failed": 0, "dropped": 0}


async def test_it_does_not_start_without_a_key_that_it_needs() -> None:
    settings = TracesSettings.model_validate({"headers": {"key": {"env": "WINDSOCK_NO_SUCH"}}})
    with pytest.raises(NoSecret, match="WINDSOCK_NO_SUCH"):
        async with tracing(settings):
            raise AssertionError


async def test_a_collector_that_is_not_there_costs_nobody_anything(
    dataplane: Dataplane, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    endpoint = f"http://127.0.0.1:{free_port()}/v1/traces"
    settings = TracesSettings(
        endpoint=endpoint, ratio=1, interval_s=0.02, timeout_s=0.05, close_s=0.5
    )
    async with tracing(settings) as traces, client_of(dataplane, traces) as client:
        for _ in range(5):
            answer = await predict(client, {})
            assert answer.status_code == 200
            failed = since(before)["failed"]
            await wait_for(lambda failed=failed: since(before)["failed"] > failed)  # type: ignore[misc]
        (problem,) = traces.problems()

    assert problem.startswith(f"traces: spans cannot be sent to {endpoint}: ")
    assert "refused" in problem
    told = [one for one in caplog.records if "cannot be sent" in one.message]
    assert len(told) == 1
    assert since(before) == {"exported": 0, "failed": 30, "dropped": 0}


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_it_says_when_it_is_there_again(
    dataplane: Dataplane, collector: Collector, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    collector.status = status
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        await predict(client, {})
        await wait_for(lambda: bool(traces.problems()))
        collector.status = 200
        await predict(client, {})
        await wait_for(lambda: not traces.problems())

    assert len(collector.servers()) == 1
    assert any("again" in one.message for one in caplog.records)


async def test_more_than_may_wait_are_dropped_and_counted(
    dataplane: Dataplane, collector: Collector
) -> None:
    before = counted()
    async with (
        tracing(settings_of(collector, ratio=1, queue=10, interval_s=60)) as traces,
        client_of(dataplane, traces) as client,
    ):
        collector.status = 503  # asked again after a second, so that all wait for it
        for _ in range(5):
            await predict(client, {})
        assert since(before)["dropped"] >= 30 - 2 * 10
        collector.status = 200

    found = since(before)
    assert sum(found.values()) == 30


async def test_one_that_does_not_answer_holds_no_replica_that_stops(dataplane: Dataplane) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        settings = TracesSettings(endpoint=endpoint, ratio=1, timeout_s=2, close_s=0.1)
        async with tracing(settings) as traces, client_of(dataplane, traces) as client:
            await predict(client, {})
            begin = monotonic()
            await traces.close()
            assert monotonic() - begin < 1


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint": "127.0.0.1:4318"},
        {"endpoint": "grpc://127.0.0.1:4317"},
        {"endpoint": "http://ada:secret@127.0.0.1/v1/traces"},
        {"headers": {"a": {"env": "A"}, "A": {"env": "B"}}},
        {"ratio": 1.1},
        {"ratio": float("nan")},
        {"clients_per_s": -1},
        {"sampling": 1},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        TracesSettings.model_validate(given)
