from asyncio import Queue
from collections.abc import Callable
from typing import Any

import pytest
from ray.serve._private.direct_ingress_http_util import ASGIDIReceiveProxy
from ray.serve._private.http_util import ASGIReceiveProxy

from app.ray_private.unbounded import is_unbounded


@pytest.mark.parametrize("door", [ASGIReceiveProxy, ASGIDIReceiveProxy])
def test_rays_doors_show_their_queue(door: Callable[..., Any]) -> None:
    assert is_unbounded(door({"type": "websocket"}, None, None))


def test_another_does_not() -> None:
    assert not is_unbounded(Queue().get)
