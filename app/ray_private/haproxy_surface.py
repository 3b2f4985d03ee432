"""What Ray's own HAProxy opens beside the doors, and tells there: shut, or for this machine.

**Why.** Ray 2.60 lets every user of the machine drain and redirect its HAProxy by a socket (mode
666 in a folder that all may enter), has its statistics and metrics on all interfaces whatever
``http_options.host`` says, waits an hour for a head, and names its applications to whoever asks. No
setting of its own changes that, save for the ports.
**To see it.** ``python tests/ray/haproxy_is_open.py``
**When Ray mends it.** The script exits with 0: delete this file.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from app.doors.haproxy_rules import PATIENCE, indented, metadata, surface

HOST = "WINDSOCK_HAPROXY_METRICS_HOST"
"""The variable for where its statistics and metrics listen, by default for this machine alone."""

_SOCKET = "stats socket {{ config.socket_path }} mode 666 level admin"
_METRICS = "    bind :{{ config.metrics_port }}\n"
_STATISTICS = "  bind *:{{ config.stats_port }}\n"
_FRONTEND = "    bind {{ config.frontend_host }}:{{ config.frontend_port }}\n"
_ROUTES = """\
    http-request return status {{ route_info.status }} content-type \
{{ route_info.routes_content_type }} string "{{ route_info.routes_message }}" if routes
"""
_LIST = "    acl is_list_applications path /ray.serve.RayServeAPIService/ListApplications\n"
_NAMED = (
    "Application '%[req.hdr(application)]' not found. "
    "Ping /ray.serve.RayServeAPIService/ListApplications for available applications."
)
_UNNAMED = (
    "Application metadata not set. "
    "Ping /ray.serve.RayServeAPIService/ListApplications for available applications."
)
PARTS = (_SOCKET, _METRICS, _STATISTICS, _FRONTEND, _ROUTES, _LIST, _NAMED, _UNNAMED)
"""Of Ray's template, what is changed."""


def shut(template: str) -> str:
    """The template with all of it shut, as this process has HOST."""
    host = os.environ.get(HOST) or "127.0.0.1"
    address = f"[{host}]" if ":" in host else host
    unlisted = (
        "http-request return status 200 content-type application/grpc hdr grpc-status 12 "
        'hdr grpc-message "not served here" if is_list_applications'
    )
    for old, new in (
        (_SOCKET, _SOCKET.replace("666", "600")),
        (_METRICS, _METRICS.replace(":{{", f"{address}:{{{{", 1)),
        (_STATISTICS, f"{_STATISTICS.replace('*', address)}  stats hide-version\n"),
        (_FRONTEND, f"{_FRONTEND}{indented(PATIENCE)}\n"),
        (_ROUTES, f"{indented(surface())}\n"),
        (_LIST, f"{indented(metadata())}\n{_LIST}{indented([unlisted])}\n"),
        (_NAMED, "there is no such application"),
        (_UNNAMED, "the metadata must name an application"),
    ):
        assert old in template, old
        template = template.replace(old, new)
    return template


def private(folder: Path) -> None:
    """Make a folder that only this user may enter. Raises RuntimeError where it is another user's,
    or where another could put one in its place, and with it have HAProxy's socket."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    above, found = folder.parent.stat(), folder.lstat()
    shared = above.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not above.st_mode & stat.S_ISVTX
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.geteuid()
        or above.st_uid not in (0, os.geteuid())
        or shared
    ):
        raise RuntimeError(
            f"{folder}, where HAProxy's sockets are to be, is not this user's alone: remove it, or "
            "set RAY_SERVE_HAPROXY_SOCKET_PATH and the others of HAProxy's files to another folder"
        )
    folder.chmod(0o700)
