"""tests/unit/app/doors asks Ray's own server with it."""

from typing import Any

import pytest
import uvicorn
from uvicorn.config import HTTP_PROTOCOLS

from app.doors.ray.http import RaysHttp
from app.ray_private import http_protocol


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    return monkeypatch


def test_what_ray_starts_has_our_protocol() -> None:
    assert http_protocol.apply() is None

    config = uvicorn.Config(lambda: None)
    config.load()
    assert config.http_protocol_class is RaysHttp


def test_a_ray_that_names_a_protocol_is_left_alone(unmended: pytest.MonkeyPatch) -> None:
    async def names_one(app: Any) -> Any:
        return uvicorn.Server(config=uvicorn.Config(app, http="h11"))

    before = HTTP_PROTOCOLS["auto"]
    unmended.setattr(http_protocol, "start_asgi_http_server", names_one)

    assert "in another way" in str(http_protocol.apply())
    assert HTTP_PROTOCOLS["auto"] is before


def test_so_is_one_that_has_another_server(unmended: pytest.MonkeyPatch) -> None:
    async def granian(app: Any) -> Any: ...

    unmended.setattr(http_protocol, "start_asgi_http_server", granian)

    assert "in another way" in str(http_protocol.apply())
