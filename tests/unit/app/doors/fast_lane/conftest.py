import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from app.doors.fast_lane import server


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Ray runs replicas on uvloop, and user code of its plain mode on asyncio's own loop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def sweeps_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes too long is noticed at once, not at the next full second."""
    monkeypatch.setattr(server, "_SWEEP_S", 0.05)
