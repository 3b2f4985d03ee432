"""What is counted of streams: the rows as they go, the stream when it ends."""

import json
from pathlib import Path

from websockets.asyncio.client import connect

from deployments.metrics.catalogue.requests import (
    DURATION,
    REQUESTS,
    ROW_ERRORS,
    ROWS,
    STREAM_DURATION,
    STREAM_ROWS,
    STREAMS,
)
from tests.support.counted import Counted, gauge
from tests.support.manifests import EXAMPLE
from tests.support.wait import wait_for
from tests.unit.app.protocols.stream.services import service

OF = {"model": "parcels", "version": "1"}


async def test_rows_count_as_they_go_and_the_stream_when_it_ends(tmp_path: Path) -> None:
    counted = Counted()
    async with service(tmp_path) as serving:
        async with connect(f"{serving.url.replace('http', 'ws')}/predict/stream") as socket:
            for place, row in enumerate((EXAMPLE, EXAMPLE | {"weight": 1001}, EXAMPLE)):
                await socket.send(json.dumps({"id": place, "instance": row}))
            for _ in range(3):
                await socket.recv()
            serving.streams.tell()
            assert gauge(STREAMS) == 1
            assert gauge(STREAM_ROWS) == 0
            assert counted(REQUESTS) == {}
            assert counted(ROWS, **OF) == {("stream", "fast_lane"): 2}
            assert counted(ROW_ERRORS, **OF) == {("stream", "out_of_range"): 1}
            assert counted(STREAM_DURATION, **OF) == {(): 2}
        await wait_for(lambda: bool(counted(REQUESTS)))
        assert counted(REQUESTS, **OF) == {("stream", "fast_lane", "ok"): 1}
        assert counted(DURATION) == {}
        serving.streams.tell()
        assert gauge(STREAMS) == 0
