from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.config import Limits
from app.serving.dataplane import Dataplane
from tests.support.oip import grpc_door
from tests.unit.app.protocols.oip.grpc_requests import methods_of


@pytest.fixture
async def stub(dataplane: Dataplane, limits: Limits) -> AsyncIterator[Any]:
    async with grpc_door(methods_of(dataplane, limits)) as stub:
        yield stub
