from typing import Any

import pytest
from ray.serve import context
from ray.serve._private.http_util import _apply_middlewares, validate_http_proxy_callback_return
from starlette.types import Receive, Scope, Send

from app.doors.ray.concurrency_limit import ConcurrencyLimit
from app.doors.ray.middlewares import middlewares
from app.doors.ray.sound_headers import SoundHeaders


async def _app(scope: Scope, receive: Receive, send: Send) -> None: ...


def test_a_proxy_refuses_before_anything_else() -> None:
    layers: list[Any] = validate_http_proxy_callback_return(middlewares())

    assert isinstance(_apply_middlewares(_app, layers), ConcurrencyLimit)


def test_a_replica_leaves_that_to_haproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_INTERNAL_REPLICA_CONTEXT", object())
    layers: list[Any] = validate_http_proxy_callback_return(middlewares())

    assert isinstance(_apply_middlewares(_app, layers), SoundHeaders)
