"""What Ray's own doors run before their code, where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names
``app.doors.ray.middlewares:middlewares``, as ``app.start.environment`` has it."""

from ray import serve
from ray.serve.exceptions import RayServeException
from starlette.middleware import Middleware

from app.doors.ray.concurrency_limit import ConcurrencyLimit
from app.doors.ray.exported_counts import ExportedCounts
from app.doors.ray.shut_paths import ShutPaths
from app.doors.ray.sound_headers import SoundHeaders
from app.ray_private import grpc_details, http_protocol
from deployments.log import get_logger

logger = get_logger(__name__)


def middlewares() -> list[Middleware]:
    """What Ray asks for, once in each process that has a door: its Python proxies and, behind
    HAProxy, which knows a limit of its own, the ingress replicas. It puts the last one outermost.
    The door, which is not open yet, gets our HTTP protocol, and hides what is inside from gRPC.
    """
    for mend in (http_protocol, grpc_details):
        if problem := mend.apply():
            logger.warning(problem)
    try:
        serve.get_replica_context()
    except RayServeException:
        proxys = [Middleware(ConcurrencyLimit), Middleware(ExportedCounts)]
        return [Middleware(SoundHeaders), Middleware(ShutPaths), *proxys]
    return [Middleware(SoundHeaders), Middleware(ShutPaths)]
