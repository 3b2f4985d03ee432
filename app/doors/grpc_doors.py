"""Where Ray's doors for gRPC listen, one on each node that has one."""

from collections.abc import Mapping
from typing import Any

from app.doors.lanes import Servers
from app.start.address import bare_host, listens_everywhere


def grpc_doors(told: Mapping[str, Any]) -> Servers:
    """Those that Serve tells of (``GET /api/serve/applications/``), none where gRPC is shut. One on
    loopback can only be reached from its own node."""
    port = (told.get("grpc_options") or {}).get("port")
    if not port or not (told.get("grpc_options") or {}).get("grpc_servicer_functions"):
        return {}
    host = (told.get("http_options") or {}).get("host") or "127.0.0.1"
    return {
        (door["node_ip"] if listens_everywhere(host) else bare_host(host), port): 1
        for door in (told.get("proxies") or {}).values()
        if door["status"] == "HEALTHY"
    }
