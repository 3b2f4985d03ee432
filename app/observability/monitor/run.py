"""Prometheus, and Grafana or the page in its place, run together until a signal."""

import asyncio
import sys
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from app.observability.dashboards.files import write
from app.observability.dashboards.page_server import page_url, serve_page
from app.observability.monitor.child import Child, Ended
from app.observability.monitor.programs import HOST, grafana, prometheus
from app.start.address import ConfigError, address
from app.start.ports import check_port
from app.start.signals import Twice, heard


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """``home`` is the folder for all files, ``rays`` that of Ray's sessions; ``also`` are addresses
    of more metrics, as of `windsock replay`."""

    home: Path
    rays: Path
    port: int = 9090
    dashboards_port: int = 3000
    retention: str = "15d"
    also: Sequence[str] = field(default=())

    @property
    def url(self) -> str:
        """Where Prometheus answers."""
        return f"http://{address(HOST, self.port)}"


def run(monitor: Monitor) -> int:
    """Until a signal: 0 after it, 1 where something does not start, or ends."""
    try:
        asyncio.run(_run(monitor))
    except (ConfigError, Ended) as error:
        _say(str(error))
        return 1
    return 0


async def _run(monitor: Monitor) -> None:
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    children: list[Child] = []
    signals = Twice(
        lambda: loop.call_soon_threadsafe(end.set),
        lambda _: [loop.call_soon_threadsafe(child.kill) for child in children],
    )
    with heard(signals):
        async with AsyncExitStack() as stack:
            starting = asyncio.ensure_future(_start(monitor, stack, children))
            await _first(end.wait(), starting)
            if not end.is_set():
                await _first(end.wait(), *starting.result())


async def _start(
    monitor: Monitor, stack: AsyncExitStack, children: list[Child]
) -> list[Awaitable[object]]:
    """What then runs until the end; ``stack`` ends it."""
    folder = monitor.home / "monitor"
    write(folder)
    check_port("--port", HOST, monitor.port)
    measured = prometheus(
        folder, port=monitor.port, retention=monitor.retention, rays=monitor.rays, also=monitor.also
    )
    check_port("--dashboards-port", HOST, monitor.dashboards_port)
    drawn = grafana(
        folder, port=monitor.dashboards_port, prometheus_port=monitor.port, rays=monitor.rays
    )
    for child in filter(None, (measured, drawn)):
        children.append(child)
        stack.push_async_callback(child.stop)
        await child.start()
    _say(f"{'Prometheus':<12}{monitor.url}")
    _say(f"{'Grafana' if drawn else 'Dashboards':<12}{page_url(HOST, monitor.dashboards_port)}")
    _say("Ctrl-C ends both; what was measured is kept")
    if drawn:
        return [measured.run(), drawn.run()]
    return [measured.run(), serve_page(HOST, monitor.dashboards_port, monitor.url)]


async def _first(*many: Awaitable[object]) -> None:
    """Until one of these ends; the others are cancelled, and had ended when this returns."""
    tasks = [asyncio.ensure_future(one) for one in many]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
