from typing import Any

import pytest
from ray.serve import context
from ray.serve._private.http_util import _apply_middlewares, validate_http_proxy_callback_return
from starlette.types import Receive, Scope, Send
from uvicorn.config import HTTP_PROTOCOLS

from app.doors.ray.concurrency_limit import ConcurrencyLimit
from app.doors.ray.exported_counts import ExportedCounts
from app.doors.ray.middlewares import middlewares
from app.doors.ray.shut_paths import ShutPaths
from app.ray_private import http_protocol


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])


async def _app(scope: Scope, receive: Receive, send: Send) -> None: ...


def test_a_proxy_refuses_before_anything_else() -> None:
    layers: list[Any] = validate_http_proxy_callback_return(middlewares())

    exporting = _apply_middlewares(_app, layers)
    assert isinstance(exporting, ExportedCounts)
    assert isinstance(exporting._app, ConcurrencyLimit)


def test_a_replica_leaves_that_to_haproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_INTERNAL_REPLICA_CONTEXT", object())
    layers: list[Any] = validate_http_proxy_callback_return(middlewares())

    assert isinstance(_apply_middlewares(_app, layers), ShutPaths)


def test_a_door_gets_our_http_protocol() -> None:
    middlewares()

    assert HTTP_PROTOCOLS["auto"] == "app.doors.ray.http:RaysHttp"


def test_one_that_cannot_have_it_says_so(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_protocol, "apply", lambda: "this Ray is another")
    middlewares()

    assert log.messages == ["this Ray is another"]
