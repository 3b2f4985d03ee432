"""The spans of requests, whatever carries them, as a collector gets them."""

import asyncio
from pathlib import Path

import httpx
import pytest

from app.config import BatchSettings, Limits
from app.edge.guards import Guards
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.collector import Collector, Told
from tests.support.manifests import EXAMPLE, parcels, store
from tests.support.observed import (
    SAMPLED,
    SPAN,
    TRACE,
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
from tests.unit.app.protocols.oip.grpc_requests import methods_of, request_of

STAGES = ["queue", "lookup", "preprocess", "model"]


def in_order(collector: Collector, server: Told) -> None:
    """The stages stand below the request's span, within its time, one behind the other."""
    below = collector.under(server)
    assert [one.name for one in below] == STAGES
    times = [
        at for one in below for at in (one.span.start_time_unix_nano, one.span.end_time_unix_nano)
    ]
    assert times == sorted(times)
    assert server.span.start_time_unix_nano <= times[0]
    assert times[-1] <= server.span.end_time_unix_nano


@pytest.mark.parametrize(
    ("ask", "name", "rows"),
    [
        (predict, "POST /predict", 1),
        (batch, "POST /predict/batch", 2),
        (lines, "POST /predict/batch", 2),
        (infer, "POST /v2/models/{model}/infer", 1),
    ],
)
async def test_a_request_over_http_has_a_span_for_itself_and_for_each_stage(
    dataplane: Dataplane, collector: Collector, ask: Ask, name: str, rows: int
) -> None:
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answer = await ask(client, {"traceparent": SAMPLED, "x-request-id": "mine"})

    assert answer.status_code == 200
    (server,) = collector.servers()
    assert (server.name, server.trace_id, server.parent_id) == (name, TRACE, SPAN)
    assert context_in(answer.headers) == (TRACE, server.span_id, "01")
    said = server.attributes
    assert said["http.request.method"] == "POST"
    assert said["http.route"] == name.split()[1]
    assert (said["http.response.status_code"], said["url.scheme"]) == (200, "http")
    protocol = "oip_http" if ask is infer else "rest"
    assert (said["windsock.protocol"], said["windsock.request_id"]) == (protocol, "mine")
    assert (said["windsock.model"], said["windsock.version"]) == ("parcels", "1")
    assert said["windsock.rows"] == rows
    assert not {"error.type", "enduser.id"} & {*said}
    in_order(collector, server)
    (ran,) = collector.named("batch")
    assert ran.links == {(TRACE, server.span_id)}
    assert server.links == {(ran.trace_id, ran.span_id)}
    assert ran.trace_id != TRACE
    assert ran.attributes["windsock.batch.rows"] == rows
    assert server.resource["service.name"] == "windsock"
    assert server.resource["service.instance.id"]
    assert server.resource["service.version"]


async def test_a_call_over_grpc_too(
    dataplane: Dataplane, limits: Limits, collector: Collector
) -> None:
    async with tracing(settings_of(collector, ratio=0)) as traces:
        methods = methods_of(dataplane, limits, Guards(observers=[traces]))
        async with grpc_door(methods) as stub:
            call = stub.ModelInfer(request_of([EXAMPLE]), metadata=[("traceparent", SAMPLED)])
            await call
            told = await call.trailing_metadata()
            refused = stub.ModelInfer(
                request_of([EXAMPLE], model_name="other"), metadata=[("traceparent", SAMPLED)]
            )
            assert (await refused.code()).name == "NOT_FOUND"

    good, _ = collector.servers()
    assert (good.trace_id, good.parent_id) == (TRACE, SPAN)
    assert context_in([*told]) == (TRACE, good.span_id, "01")
    assert good.name == good.attributes["rpc.method"] == "inference.GRPCInferenceService/ModelInfer"
    assert good.attributes["rpc.system.name"] == "grpc"
    assert good.attributes["windsock.protocol"] == "oip_grpc"
    assert good.attributes["windsock.door"] == "ray_grpc"
    in_order(collector, good)
    statuses = [one.attributes["rpc.response.status_code"] for one in collector.servers()]
    assert statuses == ["OK", "NOT_FOUND"]


async def test_one_in_several_batches_has_the_stages_of_each(
    tmp_path: Path, collector: Collector
) -> None:
    dataplane = Dataplane(store(tmp_path, parcels()), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings(max_rows=2))
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        await client.post("/predict/batch", json={"instances": [EXAMPLE] * 5})

    (server,) = collector.servers()
    assert server.attributes["windsock.rows"] == 5
    assert [one.name for one in collector.under(server)] == STAGES * 3
    batches = collector.named("batch")
    assert [one.attributes["windsock.batch.rows"] for one in batches] == [2, 2, 1]
    assert server.links == {(one.trace_id, one.span_id) for one in batches}


async def test_a_batch_has_links_to_its_sampled_requests_alone(
    dataplane: Dataplane, collector: Collector
) -> None:
    headers = [{}, {"traceparent": SAMPLED}, {}, {"traceparent": SAMPLED.replace("4b", "5b")}]
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answers = await asyncio.gather(*[predict(client, one) for one in headers])

    assert ["traceresponse" in one.headers for one in answers] == [False, True, False, True]
    servers = collector.servers()
    assert len(servers) == 2
    linked = set().union(*[one.links for one in collector.named("batch")])
    assert linked == {(one.trace_id, one.span_id) for one in servers}
    assert max(one.attributes["windsock.batch.rows"] for one in collector.named("batch")) > 1


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/docs", "/v2/health/live"])
async def test_probes_and_pages_have_none(
    dataplane: Dataplane, collector: Collector, path: str
) -> None:
    async with (
        tracing(settings_of(collector, ratio=1)) as traces,
        client_of(dataplane, traces) as client,
    ):
        answer = await client.get(path, headers={"traceparent": SAMPLED})
        await client.get("/models")

    assert "traceresponse" not in answer.headers
    assert [one.name for one in collector.spans] == ["GET /models"]


async def test_of_a_clients_baggage_it_has_what_the_config_names(
    dataplane: Dataplane, collector: Collector
) -> None:
    given = "tenant=north%20sea;ttl=1, user=ada,tenant2=x"
    async with (
        tracing(settings_of(collector, ratio=1, baggage=["tenant", "absent"])) as traces,
        client_of(dataplane, traces) as client,
    ):
        await predict(client, {"baggage": given})

    (server,) = collector.servers()
    found = {name: v for name, v in server.attributes.items() if name.startswith("baggage.")}
    assert found == {"baggage.tenant": "north sea"}


async def test_what_other_systems_say_of_the_trace_goes_with_it(
    dataplane: Dataplane, collector: Collector
) -> None:
    headers = httpx.Headers(
        [("traceparent", SAMPLED), ("tracestate", "a=1,b@c=2"), ("tracestate", "d=3")]
    )
    async with (
        tracing(settings_of(collector, ratio=0)) as traces,
        client_of(dataplane, traces) as client,
    ):
        await client.post("/predict", json=EXAMPLE, headers=headers)

    (server,) = collector.servers()
    assert server.span.trace_state == "a=1,b@c=2,d=3"
