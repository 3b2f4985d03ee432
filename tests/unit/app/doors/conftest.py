import json
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp

from app.serving.dataplane import Dataplane
from tests.support.doors import DOORS, door


@pytest.fixture
def row(dataplane: Dataplane) -> bytes:
    return json.dumps(dataplane.serving().contract.example()).encode()


@pytest.fixture(params=DOORS)
async def port(request: pytest.FixtureRequest, app: ASGIApp) -> AsyncIterator[int]:
    """Where each door answers."""
    async with door(request.param, app) as port:
        yield port
