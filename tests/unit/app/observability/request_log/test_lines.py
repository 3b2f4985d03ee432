"""Lines of the log, of requests over every protocol."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.edge.guards import Guards
from app.observability.request_log.log import RequestLog
from app.observability.request_log.settings import RequestLogSettings
from app.serving.dataplane import Dataplane
from deployments.metrics.catalogue.traces import LOG_LINES
from deployments.metrics.series import COUNTS
from tests.support.asgi import chunks, drive, http
from tests.support.collector import collecting
from tests.support.manifests import EXAMPLE
from tests.support.observed import (
    Ask,
    batch,
    client_of,
    context_in,
    infer,
    lines,
    predict,
    settings_of,
    tracing,
)
from tests.support.oip import grpc_door
from tests.support.principals import Named, principal
from tests.support.streams import stream
from tests.unit.app.protocols.oip.grpc_requests import methods_of, request_of
from tests.unit.app.protocols.stream.services import service

WRONG = EXAMPLE | {"weight": -1}


@asynccontextmanager
async def logging_into(folder: Path, **given: Any) -> AsyncIterator[RequestLog]:
    log = RequestLog(RequestLogSettings.model_validate({"directory": folder / "log", **given}))
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def logged(folder: Path) -> list[dict[str, Any]]:
    found = sorted((folder / "log").glob("*.jsonl"))
    return [json.loads(line) for path in found for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.mark.parametrize(
    ("ask", "route", "rows"),
    [
        (predict, "/predict", 1),
        (batch, "/predict/batch", 2),
        (lines, "/predict/batch", 2),
        (infer, "/v2/models/{model}/infer", 1),
    ],
)
async def test_a_request_over_http_has_one(
    dataplane: Dataplane, tmp_path: Path, ask: Ask, route: str, rows: int
) -> None:
    async with (
        logging_into(tmp_path, ratio=1) as log,
        client_of(dataplane, log, authenticator=Named(principal("shop"))) as client,
    ):
        await ask(client, {"x-request-id": "mine", "authorization": "shop"})
        await client.get("/health")

    (line,) = logged(tmp_path)
    times = [line.pop(name) for name in [*line] if name.endswith("_ms")]
    assert len(times) == 6
    assert min(times) >= 0
    assert line.pop("latency_ms", times[0]) == max(times)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "request_id": "mine",
        "principal": "shop",
        "protocol": "oip_http" if "v2" in route else "rest",
        "door": "ray_http",
        "method": "POST",
        "route": route,
        "code": "ok",
        "status": 200,
        "model": "parcels",
        "version": "1",
        "rows": rows,
        "rows_degraded": 0,
        "rows_failed": 0,
    }


async def test_calls_and_rows_of_streams_have_theirs(
    dataplane: Dataplane, limits: Limits, tmp_path: Path
) -> None:
    async with logging_into(tmp_path, ratio=1) as log:
        guards = Guards(observers=[log])
        async with grpc_door(methods_of(dataplane, limits, guards)) as stub:
            await stub.ModelInfer(request_of([EXAMPLE]))
        async with (
            service(tmp_path / "served", guards=guards) as served,
            stream(served.url) as client,
        ):
            await client.ask("a", EXAMPLE)
            await client.ask("b", WRONG)

    found = [
        (o["protocol"], o["door"], o.get("id"), o["code"], o["status"]) for o in logged(tmp_path)
    ]
    assert found == [
        ("oip_grpc", "ray_grpc", None, "ok", "OK"),
        ("stream", "fast_lane", "a", "ok", 101),
        ("stream", "fast_lane", "b", "out_of_range", 422),
        ("stream", "fast_lane", None, "ok", 101),
    ]


async def test_without_a_sample_what_fails_has_one(dataplane: Dataplane, tmp_path: Path) -> None:
    async with logging_into(tmp_path) as log, client_of(dataplane, log) as client:
        await predict(client, {})
        await client.post("/predict", json=WRONG)
        await client.post("/nowhere")

    wrong, nowhere = logged(tmp_path)
    assert (wrong["code"], wrong["status"], wrong["field"]) == ("out_of_range", 422, "weight")
    assert (nowhere["code"], nowhere["method"]) == ("not_found", "POST")
    assert not {"message", "values"} & {*wrong}


async def test_failures_can_be_left_out(dataplane: Dataplane, tmp_path: Path) -> None:
    async with (
        logging_into(tmp_path, failures=False) as log,
        client_of(dataplane, log) as client,
    ):
        await client.post("/predict", json=WRONG)

    assert logged(tmp_path) == []


async def test_a_traced_request_has_one_with_its_trace(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    with collecting() as collector:
        async with (
            tracing(settings_of(collector, ratio=1)) as traces,
            logging_into(tmp_path) as log,
        ):
            guards = Guards(observers=[traces, log])
            async with client_of(dataplane, traces, log) as client:
                answer = await predict(client, {})
            async with (
                service(tmp_path / "served", guards=guards) as served,
                stream(served.url) as socket,
            ):
                await socket.ask("a", EXAMPLE)

        single, row, _ = logged(tmp_path)
        told = single["trace_id"], single["span_id"], "01"
        assert told == context_in(answer.headers)
        (span,) = collector.named("row")
        assert (row["trace_id"], row["span_id"]) == (span.trace_id, span.span_id)


async def test_values_are_there_where_they_are_asked_for_alone(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    secret = "very-own-depot"
    row = EXAMPLE | {"depot": secret}
    for values in (False, True):
        async with (
            logging_into(tmp_path / str(values), ratio=1, values=values) as log,
            client_of(dataplane, log, authenticator=Named(principal("the-key"))) as client,
        ):
            headers = {"authorization": "the-key"}
            await client.post("/predict", json=row, headers=headers)
            await client.post("/predict", json=row | {"weight": secret}, headers=headers)
            await client.post("/predict?values=true", json=row, headers=headers)
            rows = {"instances": [row] * 150}
            await client.post("/predict/batch", json=rows, headers=headers)

    assert secret not in json.dumps(logged(tmp_path / "False"))
    first, wrong, _, many = logged(tmp_path / "True")
    (values_of,) = first["values"]
    assert values_of["fields"]["depot"] == secret
    assert values_of["features"]["load__hourly"] == EXAMPLE["weight"]
    assert wrong["message"]
    assert len(many["values"]) == 100


@pytest.mark.parametrize(
    "id",
    [b"a\nb", b"a\r\n{}", b"\x1b[2J", b"\xc2\x85", b"\xe2\x80\xa8", b"\xff", b'"}', b"a" * 200],
)
async def test_nothing_that_a_client_says_ends_a_line(
    dataplane: Dataplane, tmp_path: Path, id: bytes
) -> None:
    async with logging_into(tmp_path, ratio=1, values=True) as log:
        app = Application(dataplane, EdgeArgs(), guards=Guards(observers=[log]))
        text = id.decode("utf-8", "replace")
        body = json.dumps(EXAMPLE | {"depot": text}, ensure_ascii=False).encode()
        headers = [(b"x-request-id", id), (b"authorization", id)]
        await drive(app, http(headers=headers), chunks(body))
        await drive(app, http(headers=headers), chunks(b"{" + id))
        async with (
            service(tmp_path / "served", guards=Guards(observers=[log])) as served,
            stream(served.url) as socket,
        ):
            await socket.ask(text[:50], EXAMPLE)

    written = b"".join(path.read_bytes() for path in (tmp_path / "log").iterdir()).decode()
    assert len(written.splitlines()) == written.count("\n") == len(logged(tmp_path)) == 4
    assert all(sign.isprintable() or sign == "\n" for sign in written)
    row = next(one for one in logged(tmp_path) if "id" in one)
    assert row["id"] == text[:50]


async def test_neither_good_lines_nor_failures_are_more_than_the_bound(
    dataplane: Dataplane, tmp_path: Path
) -> None:
    before = COUNTS.counter(LOG_LINES)["left_out"].value
    async with (
        logging_into(tmp_path, ratio=1, per_s=3) as log,
        client_of(dataplane, log) as client,
    ):
        for _ in range(20):
            await client.post("/nowhere")
        for _ in range(20):
            await predict(client, {})

    codes = [one["code"] for one in logged(tmp_path)]
    assert 3 <= codes.count("ok") <= 8
    assert 3 <= codes.count("not_found") <= 8
    assert COUNTS.counter(LOG_LINES)["left_out"].value - before == 40 - len(codes)
