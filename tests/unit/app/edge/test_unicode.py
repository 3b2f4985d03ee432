"""JSON behind a byte-order mark, and in other encodings than UTF-8, on every protocol."""

import gzip
import json

import httpx
import pytest

from app.edge.unicode import unmarked
from app.protocols.oip.binary import HEADER
from app.protocols.stream.messages import Messages
from app.serving.dataplane import Dataplane
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, behind, tensors

ROW = json.dumps(EXAMPLE)
BODIES = {
    "/predict": ROW,
    "/predict/batch": json.dumps({"instances": [EXAMPLE]}),
    INFER: json.dumps({"inputs": tensors([EXAMPLE])}),
}
OTHERS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("path", BODIES)
async def test_a_byte_order_mark_is_left_out(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=BODIES[path].encode("utf-8-sig"))

    assert answer.status_code == 200


async def test_so_is_one_in_a_compressed_body(client: httpx.AsyncClient) -> None:
    body = gzip.compress(ROW.encode("utf-8-sig"))
    answer = await client.post("/predict", content=body, headers={"content-encoding": "gzip"})

    assert answer.status_code == 200


async def test_and_one_in_front_of_binary_data(client: httpx.AsyncClient) -> None:
    body, headers = behind(tensors([EXAMPLE]))
    headers = {HEADER: str(int(headers[HEADER]) + 3)}
    answer = await client.post(INFER, content=b"\xef\xbb\xbf" + body, headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize("encoding", OTHERS)
@pytest.mark.parametrize("path", BODIES)
async def test_another_encoding_is_named(
    client: httpx.AsyncClient, path: str, encoding: str
) -> None:
    answer = await client.post(path, content=BODIES[path].encode(encoding))

    assert answer.status_code == 400
    assert f"this is {encoding[:6].upper()}: JSON must be" in answer.text


async def test_rows_of_a_stream_may_have_a_mark(dataplane: Dataplane) -> None:
    messages = Messages(dataplane.serving().contract)
    message = json.dumps({"id": 7, "instance": EXAMPLE})

    for one in (f"\ufeff{message}", message.encode("utf-8-sig")):
        row_id, row, _ = messages.read(one)
        assert (row_id, isinstance(row, InvalidRequest)) == (7, False)
    row_id, error, _ = messages.read(message.encode("utf-16"))
    assert isinstance(error, InvalidRequest)
    assert (row_id, error.code) == (None, ErrorCode.MALFORMED_JSON)
    assert "UTF-16" in error.message


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1]", b"\0", b"\xef\xbb", b"\xef\xbf\xbd{}", b"\xff"]
)
def test_all_else_is_left_to_the_decoder(data: bytes) -> None:
    assert unmarked(data) is data
