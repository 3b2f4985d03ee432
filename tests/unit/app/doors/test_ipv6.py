"""Doors on addresses of IPv6."""

import httpx
from starlette.types import ASGIApp

from app.config import FastLaneSettings
from tests.support.doors import front_of
from tests.support.fast_lane import serving
from tests.support.serve import free_port


async def test_the_fast_lane_and_the_front_before_it(app: ASGIApp, row: bytes) -> None:
    settings = FastLaneSettings(host="::1", port=free_port(), linger_s=0)
    async with (
        serving(app, settings),
        front_of(settings.port, "::1") as front,
        httpx.AsyncClient(timeout=20) as client,
    ):
        for port in (settings.port, front):
            answer = await client.post(f"http://[::1]:{port}/predict", content=row)
            assert answer.status_code == 200
