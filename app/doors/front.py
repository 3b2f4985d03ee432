"""One address before the fast lanes of all replicas: HAProxy, told by Serve where they are.

It is the place for TLS, too, and for saying no under overload: that costs a replica the time of
predictions, and HAProxy next to nothing. Replicas of one node share their port, and can do
without, save where one hangs: whoever asks that port meets it for as long as it listens. What is
gRPC goes from the same address to Ray's doors for it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Never

import httpx

from app.doors.front_haproxy import Ended, FrontHAProxy, control_of
from app.doors.grpc_doors import grpc_doors
from app.doors.lanes import Lanes, Servers, SeveralGraphs, only, shared
from app.doors.tls.lines import TlsLines
from app.doors.tls.settings import BadTls, TlsSettings
from app.start.aside import aside
from app.start.dashboard import Dashboard
from app.start.signals import Twice, heard

if TYPE_CHECKING:
    from app.doors.tls.certificates import Certificates

_POLL_S = 1.0


def run(
    *,
    listen: str,
    dashboard: str,
    concurrency: int,
    threads: int,
    tls: TlsSettings | None = None,
    application: str | None = None,
    metrics: int | None = None,
) -> int:
    """Run HAProxy on ``listen`` until a signal, with the servers that Serve says there are of
    ``application``, by default the first that is found: 0 after a signal, 1 where HAProxy does not
    start, or ends again and again, there are several from the
    start, the files of TLS are none to begin with, or the port for ``metrics``, at 127.0.0.1, is
    taken."""
    with (
        TemporaryDirectory(prefix="windsock-front-") as folder,
        httpx.Client(timeout=5, trust_env=False) as client,  # the dashboard is this cluster's
    ):
        lines = TlsLines(tls, Path(folder), listen) if tls else None
        told = _Told(Dashboard(client, dashboard, _say), application)
        try:
            kept = [_certificates(tls, Path(folder)).keep] if tls else []
            haproxy = FrontHAProxy(
                listen,
                Path(folder),
                concurrency=concurrency,
                threads=threads,
                say=_say,
                tls=lines,
            )
            kept += [haproxy.run, partial(_follow, haproxy, told)]
            with _exported(metrics, Path(folder)):
                asyncio.run(_until_told_to_end(haproxy, kept))
        except (BadTls, Ended, SeveralGraphs, NoMetrics) as error:
            _say(str(error))
            return 1
    return 0


async def _until_told_to_end(
    haproxy: FrontHAProxy, kept: Sequence[Callable[[], Awaitable[object]]]
) -> None:
    """What is under way is finished after the first signal; the second ends it, too."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    signals = Twice(
        lambda: loop.call_soon_threadsafe(end.set),
        lambda _: loop.call_soon_threadsafe(haproxy.kill),
    )
    with heard(signals):
        try:
            await _first(end.wait(), *(one() for one in kept))
        finally:
            await haproxy.stop()


async def _first(*many: Awaitable[object]) -> None:
    """Until one of these ends; the others are cancelled. Raises what it raised."""
    tasks = [asyncio.ensure_future(one) for one in many]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


async def _follow(haproxy: FrontHAProxy, told: "_Told") -> Never:
    while True:
        servers, doors = await asyncio.wrap_future(aside(told.servers))
        with suppress(OSError):  # it dies, say: the next round tells it
            await haproxy.follow(servers, doors)
        await asyncio.sleep(_POLL_S)


class _Told:
    """What Serve tells, through the dashboard."""

    def __init__(self, dashboard: Dashboard, application: str | None) -> None:
        self._dashboard = dashboard
        self._application = application
        self._lanes = Lanes()

    def servers(self) -> tuple[Servers, Servers]:
        """Those of the graph now, and the doors for gRPC. Raises SeveralGraphs."""
        told = self._dashboard.details()
        applications = told.get("applications", {})
        self._application = self._application or only(applications)
        servers = self._lanes.servers(shared(applications, self._application))
        return servers, grpc_doors(told)


class NoMetrics(Exception):
    """They cannot be exported; says why."""


@contextmanager
def _exported(port: int | None, folder: Path) -> Iterator[None]:
    """At this port, if at any. Raises NoMetrics."""
    if port is None:
        yield
        return
    # What is off is not even imported.
    from app.doors.front_metrics import FrontMetrics  # noqa: PLC0415
    from deployments.metrics.prometheus_export import (  # noqa: PLC0415
        PrometheusExport,
        PrometheusUnusable,
    )

    try:
        export = PrometheusExport(port, refresh=[FrontMetrics(control_of(folder)).tell])
    except PrometheusUnusable as error:
        raise NoMetrics(str(error)) from error
    with export:
        _say(f"metrics at {export.url}")
        yield


def _certificates(tls: TlsSettings, folder: Path) -> "Certificates":
    from app.doors.tls.certificates import Certificates  # noqa: PLC0415  # loads OpenSSL

    return Certificates(tls, folder, control_of(folder), _say)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
