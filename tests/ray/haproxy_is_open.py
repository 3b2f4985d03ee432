"""Every user of the machine may command Ray's HAProxy, and everyone who reaches it read its
statistics, whatever the host of its doors."""

import os
import stat
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil

_FOLDER = Path(mkdtemp(prefix="hap-"))
_FOLDER.chmod(0o755)  # as one in /tmp/haproxy-serve is
os.environ |= {
    "RAY_ADDRESS": "local",
    "RAY_AUTH_MODE": "disabled",
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_HAPROXY_STATS_PORT": "18404",
    "RAY_SERVE_HAPROXY_METRICS_PORT": "19101",
    "RAY_SERVE_HAPROXY_SOCKET_PATH": str(_FOLDER / "admin.sock"),
}

from ray import serve  # noqa: E402


class Hello:
    def __call__(self, _: Any) -> str:
        return "hello"


def main() -> int:
    deployment: serve.Deployment = serve.deployment()(Hello)
    serve.start(http_options={"host": "127.0.0.1", "port": 18000})
    serve.run(deployment.bind())
    (socket,) = _FOLDER.glob("*/admin.sock")
    mode = stat.S_IMODE(socket.stat().st_mode)
    closed = any(not stat.S_IMODE(one.stat().st_mode) & 0o077 for one in socket.parents)
    wide = {
        one.laddr.port
        for one in psutil.net_connections("tcp")
        if one.status == "LISTEN"
        and one.laddr
        and (one.laddr.ip, one.laddr.port) in (("0.0.0.0", 18404), ("0.0.0.0", 19101))
    }
    print(f"HAProxy's socket has mode {mode:o}, in a folder for all: {not closed}")
    print(f"its statistics and metrics are on all interfaces: {sorted(wide)}")
    serve.shutdown()  # type: ignore[no-untyped-call]  # or HAProxy would outlive it
    return int(bool(wide) or bool(mode & 0o077 and not closed))


if __name__ == "__main__":
    sys.exit(main())
