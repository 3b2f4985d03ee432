import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.edge.content_coding import accepted, deflated, inflated
from app.protocols.oip.binary import HEADER
from app.serving.errors import ErrorCode, InvalidRequest
from tests.support.manifests import EXAMPLE
from tests.support.oip import INFER, behind, outputs_behind, tensors

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
BODY = json.dumps({"inputs": tensors([EXAMPLE])}).encode()


@pytest.mark.parametrize("asked", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "sent",
    ["gzip", "deflate", "GZIP", "x-gzip", " gzip ", "gzip,", "identity, gzip", "identity", ""],
)
async def test_bodies_are_compressed_both_ways(
    client: httpx.AsyncClient, sent: str, asked: str
) -> None:
    pack = next((PACK[name] for name in PACK if name in sent.lower()), bytes)

    answer = await client.post(
        INFER,
        content=pack(BODY),
        headers={"content-encoding": sent, "accept-encoding": asked},
    )

    assert (answer.status_code, answer.headers["content-encoding"]) == (200, asked)
    plain = await client.post(INFER, content=BODY, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert answer.json() == plain.json()


async def test_the_length_of_the_json_is_that_before_compression(client: httpx.AsyncClient) -> None:
    body, headers = behind(tensors([EXAMPLE]), parameters={"binary_data_output": True})

    answer = await client.post(
        INFER, content=gzip.compress(body), headers={**headers, "content-encoding": "gzip"}
    )

    _, found = outputs_behind(answer.content, int(answer.headers[HEADER]))
    assert found["late"] == [0.25]


@pytest.mark.parametrize(
    ("encoding", "body", "status", "told"),
    [
        ("br", BODY, 415, "encoded by 'br': it must be by gzip, by deflate or not at all"),
        ("gzip, gzip", gzip.compress(BODY, mtime=0), 415, "encoded by 'gzip, gzip': it"),
        ("zstd, identity", BODY, 415, "encoded by 'zstd': it"),
        ("gzip;q=1", gzip.compress(BODY, mtime=0), 415, "encoded by 'gzip;q=1': it"),
        ("gzip", b"", 400, "not whole and encoded by gzip"),
        ("gzip", BODY, 400, "not whole and encoded by gzip"),
        ("gzip", zlib.compress(BODY), 400, "not whole and encoded by gzip"),
        ("gzip", gzip.compress(BODY)[:-1], 400, "not whole and encoded by gzip"),
        ("gzip", gzip.compress(BODY) + b"x", 400, "not whole and encoded by gzip"),
        ("deflate", gzip.compress(BODY), 400, "not whole and encoded by deflate"),
        ("gzip", gzip.compress(b" " * 4097, mtime=0), 413, "the body is over 4096 bytes"),
        ("gzip", gzip.compress(b" " * 10**7), 413, "the body is over 4096 bytes"),
        ("deflate", zlib.compress(b" " * 10**6), 413, "the body is over 4096 bytes"),
    ],
)
async def test_what_cannot_be_unpacked(
    client: httpx.AsyncClient, encoding: str, body: bytes, status: int, told: str
) -> None:
    answer = await client.post(INFER, content=body, headers={"content-encoding": encoding})

    assert (answer.status_code, told in answer.json()["error"]) == (status, True)


ROW = json.dumps(EXAMPLE).encode()
BATCH = json.dumps({"instances": [EXAMPLE]}).encode()


@pytest.mark.parametrize("sent", ["gzip", "deflate", "X-GZip", "identity", "gzip, identity"])
@pytest.mark.parametrize(("path", "body"), [("/predict", ROW), ("/predict/batch", BATCH)])
async def test_every_body_may_be_compressed(
    client: httpx.AsyncClient, path: str, body: bytes, sent: str
) -> None:
    pack = next((PACK[name] for name in PACK if name in sent.lower()), bytes)

    answer = await client.post(path, content=pack(body), headers={"content-encoding": sent})

    assert (answer.status_code, "outputs" in answer.text) == (200, True)


UNPACKED = [
    ("br", ROW, 415, "unsupported_encoding"),
    ("gzip", ROW, 400, "malformed_body"),
    ("gzip", gzip.compress(b"{", mtime=0), 400, "malformed_json"),
    ("gzip", gzip.compress(b" " * 4097, mtime=0), 413, "body_too_large"),
    ("gzip", gzip.compress(b" " * 10**7, mtime=0), 413, "body_too_large"),
]


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
async def test_rest_names_what_cannot_be_unpacked(client: httpx.AsyncClient, path: str) -> None:
    for encoding, body, status, code in UNPACKED:
        answer = await client.post(path, content=body, headers={"content-encoding": encoding})

        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code)
        if status == 415:
            assert (error["field"], "'br'" in error["message"]) == ("content-encoding", True)


def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    real: Any = zlib.decompressobj

    class Watched:
        def __init__(self, window: int) -> None:
            self._real = real(window)

        def decompress(self, data: bytes, most: int) -> bytes:
            plain: bytes = self._real.decompress(data, most)
            unpacked.append(len(plain))
            return plain

    monkeypatch.setattr("app.edge.content_coding.zlib.decompressobj", Watched)
    with pytest.raises(InvalidRequest) as caught:
        inflated(gzip.compress(b" " * 10**8), b"gzip", 1000)

    assert caught.value.code is ErrorCode.BODY_TOO_LARGE
    assert unpacked == [1001]


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (b"gzip", b"gzip"),
        (b"deflate", b"deflate"),
        (b"deflate, gzip;q=0.5, br", b"gzip"),
        (b"GZip", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip; q=0.000, deflate", b"deflate"),
        (b"br, zstd", None),
        (b"identity", None),
        (b"*", None),
        (b"", None),
        (b";;,;q=,", None),
    ],
)
def test_the_answer_is_encoded_as_its_reader_can(header: bytes, encoding: bytes | None) -> None:
    assert accepted(header) == encoding


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
def test_a_body_survives_the_way_there_and_back(encoding: bytes) -> None:
    body = bytes(range(256)) * 300

    assert inflated(deflated(body, encoding), encoding, len(body)) == body
