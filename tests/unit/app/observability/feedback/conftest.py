from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.serving.dataplane import Dataplane
from tests.support.feedback import Fed, fed, observed


@pytest.fixture
async def service(dataplane: Dataplane, tmp_path: Path) -> AsyncIterator[Fed]:
    async with fed(dataplane, observed(tmp_path)) as service:
        yield service


@pytest.fixture
async def shared(dataplane: Dataplane, tmp_path: Path) -> AsyncIterator[Fed]:
    """One that several principals ask."""
    async with fed(dataplane, observed(tmp_path), several=True) as service:
        yield service
