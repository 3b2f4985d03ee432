"""The page, served until its task is cancelled."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from app.observability.dashboards.page_app import page_app
from app.start.address import ConfigError, address, asked_at
from app.start.ports import check_port, listen
from app.start.signals import heard

_ENDS_WITHIN_S = 3
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class PageServer(uvicorn.Server):
    """Signals are for who runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield


async def serve_page(host: str, port: int, prometheus: str) -> None:
    """Serve it on this port, with the figures of this Prometheus. Raises ConfigError where nothing
    can listen there."""
    check_port("--port", host, port)
    config = uvicorn.Config(
        page_app(prometheus, loopback=asked_at(host) in _LOOPBACK and host == asked_at(host)),
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=_ENDS_WITHIN_S,
    )
    server = PageServer(config)
    with listen(host, port) as socket:
        serving = asyncio.ensure_future(server.serve([socket]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


def page_url(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    return f"http://{address(asked_at(host), port)}/"


def run(host: str, port: int, prometheus: str) -> int:
    """Serve it until a signal: 0 after it, 1 where nothing can listen there."""
    try:
        asyncio.run(_until_told_to_end(host, port, prometheus))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _until_told_to_end(host: str, port: int, prometheus: str) -> None:
    loop = asyncio.get_running_loop()
    serving = asyncio.ensure_future(serve_page(host, port, prometheus))
    with heard(lambda *_: loop.call_soon_threadsafe(serving.cancel)):
        print(f"{'Dashboards':<12}{page_url(host, port)}", file=sys.stderr, flush=True)
        with suppress(asyncio.CancelledError):
            await serving
