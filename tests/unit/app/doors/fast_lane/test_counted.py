"""A request is counted once where the application does not get to see it, too."""

import pytest

from app.doors.fast_lane.refusal import Refusals
from app.protocols.error_forms import form_of
from app.serving.errors import Overloaded
from deployments.metrics.catalogue.requests import REQUESTS
from deployments.model_id import ModelId
from tests.support.counted import Counted
from tests.support.fast_lane import Gate, serving
from tests.support.http1 import Connection
from tests.support.wait import wait_for

INFER = "/v2/models/parcels/infer"


async def test_those_refused_unread_are_of_the_model_whose_queue_is_full() -> None:
    counted = Counted()
    refusals = Refusals(
        lambda _: Overloaded("full"),
        {path: form_of(path) for path in ("/predict", INFER)},
        lambda: ModelId("parcels", "3"),
    )
    async with serving(Gate(), refusals=refusals) as lane, Connection.to(lane.port) as connection:
        for path in ("/predict", "/predict", INFER):
            assert (await connection.post(path, b"{}")).status == 429

    assert counted(REQUESTS, model="parcels", version="3", door="fast_lane") == {
        ("rest", "overloaded"): 2,
        ("oip_http", "overloaded"): 1,
    }


@pytest.mark.parametrize(
    "data",
    [
        b"POST /predict HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
        b"this is no request\r\n\r\n",
        b"GET /health HTTP/2.5\r\nhost: test\r\n\r\n",
        b"POST /predict HTTP/1.0\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["no host", "no request", "version", "chunks of 1.0"],
)
async def test_what_is_no_request_is_counted_once(data: bytes) -> None:
    counted = Counted()
    async with serving(Gate()) as lane, Connection.to(lane.port) as connection:
        connection.write(data)
        await wait_for(lambda: bool(counted(REQUESTS)))

    assert counted(REQUESTS) == {("", "", "rest", "fast_lane", "malformed_request"): 1}
