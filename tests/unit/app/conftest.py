from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from app.asgi import Application
from app.config import BatchSettings, EdgeArgs, Limits
from app.serving.dataplane import Dataplane
from tests.support.chains import weighing
from tests.support.guarded import Guarded, guarded
from tests.support.issuer import Issuer, issuing
from tests.support.manifests import parcels, store


@pytest.fixture
async def dataplane(tmp_path: Path) -> Dataplane:
    """Serves version 1 of ``parcels``."""
    dataplane = Dataplane(store(tmp_path, parcels("1"), parcels("2")), weighing(), "parcels")
    await dataplane.activate("1", BatchSettings())
    return dataplane


@pytest.fixture
def limits() -> Limits:
    return Limits(max_body_bytes=4096, max_instances=5)


@pytest.fixture
def app(dataplane: Dataplane, limits: Limits) -> ASGIApp:
    return Application(dataplane, EdgeArgs(limits=limits))


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://windsock") as client:
        yield client


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """Of tokens, on a socket of its own."""
    with issuing() as issuer:
        yield issuer


@pytest.fixture
async def service(dataplane: Dataplane, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Guarded]:
    """The edge over ``dataplane``, which asks who is there."""
    async with guarded(dataplane, tmp_path / "auth", issuer) as service:
        yield service
