from ray.serve._private.http_util import _apply_middlewares, validate_http_proxy_callback_return
from starlette.types import Receive, Scope, Send

from app.doors.ray.early_refusal import EarlyRefusal
from app.doors.ray.middlewares import middlewares


async def _app(scope: Scope, receive: Receive, send: Send) -> None: ...


def test_ray_takes_them_and_refuses_before_anything_else() -> None:
    layers = validate_http_proxy_callback_return(middlewares())

    assert isinstance(_apply_middlewares(_app, layers), EarlyRefusal)
