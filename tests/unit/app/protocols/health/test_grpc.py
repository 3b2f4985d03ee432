"""gRPC's health checks, as Kubernetes and others ask them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1.health_pb2_grpc import HealthStub

from app.asgi import Application
from app.config import EdgeArgs, Limits
from app.ingress import IngressReplica
from app.protocols.health.grpc import HealthMethods
from app.protocols.health.grpc_service import add_to_server
from app.serving.dataplane import Dataplane
from app.serving.readiness import Evidence
from deployments.bundle.bundle import BundleStore
from tests.support.chains import weighing
from tests.support.manifests import parcels, store
from tests.support.oip import Door
from tests.unit.app.protocols.oip.grpc_requests import refused

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
NAMES = ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"]


async def asked(dataplane: Dataplane) -> AsyncIterator[Any]:
    methods = HealthMethods(dataplane, Limits(), Application(dataplane, EdgeArgs()).handle)
    server = grpc.aio.server()
    add_to_server(Door(methods), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield HealthStub(channel)
    await server.stop(None)


@pytest.fixture
async def stub(dataplane: Dataplane) -> AsyncIterator[Any]:
    async for stub in asked(dataplane):
        yield stub


@pytest.fixture
async def starting(tmp_path: Path) -> AsyncIterator[Any]:
    store(tmp_path, parcels())
    async for stub in asked(Dataplane(BundleStore(tmp_path), weighing(), "parcels")):
        yield stub


@pytest.mark.parametrize("name", NAMES)
async def test_what_serves_says_so(stub: Any, name: str) -> None:
    assert (await stub.Check(pb.HealthCheckRequest(service=name))).status == SERVING


@pytest.mark.parametrize("name", NAMES)
async def test_what_starts_says_so(starting: Any, name: str) -> None:
    assert (await starting.Check(pb.HealthCheckRequest(service=name))).status == NOT_SERVING


@pytest.mark.parametrize("name", NAMES)
async def test_what_cannot_answer_says_so(stub: Any, dataplane: Dataplane, name: str) -> None:
    dataplane.readiness.tell("parcels", Evidence("Model did not answer in time"))
    assert (await stub.Check(pb.HealthCheckRequest(service=name))).status == NOT_SERVING
    dataplane.readiness.tell("parcels", Evidence(views=frozenset({"load"})))
    assert (await stub.Check(pb.HealthCheckRequest(service=name))).status == SERVING


async def test_another_service_is_not_found(stub: Any) -> None:
    error = await refused(stub.Check(pb.HealthCheckRequest(service="inference.Other")))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert "there are inference.GRPCInferenceService" in error.details()


async def test_a_watch_is_not_implemented(stub: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in stub.Watch(pb.HealthCheckRequest()):
            pass

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_serve_finds_it_at_the_ingress_beside_the_other_methods() -> None:
    assert IngressReplica.Check is HealthMethods.Check
    assert "Check" not in dir(IngressReplica.__mro__[1])
