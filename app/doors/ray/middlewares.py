"""What Ray's own doors run before their code, where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names
``app.doors.ray.middlewares:middlewares``, as the Makefile has it."""

from starlette.middleware import Middleware

from app.doors.ray.early_refusal import EarlyRefusal
from app.doors.ray.sound_headers import SoundHeaders


def middlewares() -> list[Middleware]:
    """What Ray asks for, once in each process that has a door: its Python proxies and, under
    HAProxy, the ingress replicas. It puts the last one outermost."""
    return [Middleware(SoundHeaders), Middleware(EarlyRefusal)]
