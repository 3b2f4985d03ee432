"""Ray's own HAProxy as its manager has it, in the process of a test."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from unittest.mock import patch

from ray.serve._private import haproxy as rays
from ray.serve._private.common import RequestProtocol
from ray.serve._private.haproxy import BackendConfig, HAProxyConfig, ServerConfig
from ray.serve.config import HTTPOptions, gRPCOptions

from app.ray_private.haproxy_template import mended_haproxy
from app.ray_private.haproxy_watch import WatchedHAProxy
from tests.support.serve import free_port

MENDED = ("HAProxyApi", "HAPROXY_CONFIG_TEMPLATE", "HAPROXY_HEALTHZ_RULES_TEMPLATE")
"""Names of Ray's module that ``mended_haproxy`` and ``apply`` change in their process."""


@contextmanager
def unmended() -> Iterator[None]:
    """What this process has of Ray's module is put back after the block."""
    with patch.multiple(rays, **{name: getattr(rays, name) for name in MENDED}):
        yield


def config(folder: Path, host: str = "127.0.0.1") -> HAProxyConfig:
    """Files in ``folder``, whose path must be short, and free ports."""
    return HAProxyConfig(
        http_options=HTTPOptions(host=host, port=free_port()),
        grpc_options=gRPCOptions(port=free_port(), grpc_servicer_functions=["a.b"]),
        socket_path=str(folder / "socket"),
        server_state_base=str(folder),
        server_state_file=str(folder / "state"),
        metrics_socket_path=str(folder / "metrics"),
        metrics_port=free_port(),
        stats_port=free_port(),
    )


def application(
    name: str,
    replicas: Mapping[str, int],
    *,
    grpc: Mapping[str, int] | None = None,
    prefix: str = "/",
    ingress: str = "Ingress",
    fallback: int | None = None,
) -> dict[str, BackendConfig]:
    """What the controller tells of one: ports of its replicas on this machine by their names."""
    protocols = [(RequestProtocol.HTTP, replicas)]
    protocols += [(RequestProtocol.GRPC, grpc)] if grpc is not None else []
    backends = [
        BackendConfig(
            name=f"{protocol.value.lower()}-{name}",
            path_prefix=prefix,
            app_name=name,
            servers=[
                ServerConfig(name=one, host="127.0.0.1", port=at) for one, at in there.items()
            ],
            fallback_server=ServerConfig("proxy", "127.0.0.1", fallback) if fallback else None,
            ingress_deployment_name=ingress,
            protocol=protocol,
        )
        for protocol, there in protocols
    ]
    return {backend.name: backend for backend in backends}


def managed(
    of: HAProxyConfig, applications: Sequence[Mapping[str, BackendConfig]] = ()
) -> WatchedHAProxy:
    """Not started yet."""
    file = Path(of.socket_path).with_name("haproxy.cfg")
    haproxy = mended_haproxy(cfg=of, config_file_path=str(file))
    haproxy.set_backend_configs(
        {name: one for application in applications for name, one in application.items()}
    )
    return haproxy


@asynccontextmanager
async def running(
    of: HAProxyConfig, *applications: Mapping[str, BackendConfig]
) -> AsyncIterator[WatchedHAProxy]:
    """For the length of a block."""
    haproxy = managed(of, applications)
    await haproxy.start()
    try:
        yield haproxy
    finally:
        await haproxy.stop()
