"""The doors of HTTP before an application: the fast lane, Ray's own, the front, Ray's HAProxy."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import httpx
from ray.serve._private.http_util import (
    start_asgi_http_server,
    validate_http_proxy_callback_return,
)
from ray.serve.config import HTTPOptions
from starlette.types import ASGIApp
from uvicorn.config import HTTP_PROTOCOLS

from app.doors.front_haproxy import FrontHAProxy
from app.doors.lanes import Address
from app.doors.ray.middlewares import middlewares
from app.start.environment import ray_environment
from tests.support.fast_lane import serving
from tests.support.haproxy import application, unmended
from tests.support.haproxy import config as haproxy_config
from tests.support.haproxy import running as haproxy_running
from tests.support.serve import free_port

DOORS = ("fast-lane", "ray", "front", "haproxy")


@asynccontextmanager
async def door(kind: str, app: ASGIApp) -> AsyncIterator[int]:
    """One of DOORS before an application, for the length of a block; its port."""
    async with AsyncExitStack() as stack:
        if kind in ("ray", "haproxy"):
            port = await stack.enter_async_context(rays_door(app))
            if kind == "haproxy":
                port = await stack.enter_async_context(rays_haproxy(port))
            yield port
            return
        fast_lane = await stack.enter_async_context(serving(app, linger_s=0))
        if kind == "fast-lane":
            yield fast_lane.port
        else:
            yield await stack.enter_async_context(front_of(fast_lane.port))


@asynccontextmanager
async def rays_door(app: ASGIApp) -> AsyncIterator[int]:
    """The server that Ray's Python proxy and its replicas open, with what runs in them."""
    before = dict(HTTP_PROTOCOLS)
    ours = {name: value for name, value in ray_environment().items() if name[:4] != "RAY_"}
    options = HTTPOptions(host="127.0.0.1", port=free_port())
    options.middlewares.extend(validate_http_proxy_callback_return(middlewares()))
    loop = asyncio.get_running_loop()
    try:
        with patch.dict(os.environ, ours):
            task, server = await start_asgi_http_server(app, options, event_loop=loop)
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield options.port
        server.should_exit = True
        await task
    finally:
        HTTP_PROTOCOLS.clear()
        HTTP_PROTOCOLS.update(before)


@asynccontextmanager
async def rays_haproxy(replica: int) -> AsyncIterator[int]:
    """Ray's HAProxy as we have it, before a replica's door at this port, once requests come
    through."""
    with TemporaryDirectory(prefix="hap-") as folder, unmended():
        of = haproxy_config(Path(folder))
        async with haproxy_running(of, application("mine", {"one": replica})):
            port = of.http_options.port
            await _until_ready(f"http://127.0.0.1:{port}")
            yield port


@asynccontextmanager
async def front_of(lane: int, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The front before the fast lane at this port, once requests come through; both listen on the
    same address."""
    with TemporaryDirectory(prefix="front-") as folder:
        port = free_port()
        listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        async with running(FrontHAProxy(listen, Path(folder))) as front:
            await told(front, (host, lane))
            await _until_ready(f"http://{listen}")
            yield port


@asynccontextmanager
async def running(front: FrontHAProxy) -> AsyncIterator[FrontHAProxy]:
    """For the length of a block."""
    kept = asyncio.create_task(front.run())
    try:
        yield front
    finally:
        kept.cancel()
        await asyncio.wait([kept])
        await front.stop()


async def told(front: FrontHAProxy, *lanes: Address) -> None:
    """Once HAProxy is up to be told."""
    async with asyncio.timeout(20):
        while True:
            try:
                await front.follow(dict.fromkeys(lanes, 1))
                return
            except OSError:
                await asyncio.sleep(0.05)


async def _until_ready(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(20):
        while not await _ready(client):
            await asyncio.sleep(0.05)


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).is_success
    except httpx.TransportError:
        return False
