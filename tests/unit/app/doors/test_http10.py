"""Clients of HTTP/1.0, which know neither chunks nor connections that stay."""

import json

import pytest

from tests.support.http1 import Connection
from tests.support.manifests import EXAMPLE

INSTANCES = json.dumps({"instances": [EXAMPLE, {}, EXAMPLE]}).encode()


def request(path: str, body: bytes, *more: str, version: str = "1.0") -> bytes:
    lines = [f"POST {path} HTTP/{version}", f"content-length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def asked(port: int, data: bytes) -> tuple[list[str], bytes]:
    """The lines of the head, and all until the connection is closed."""
    async with Connection.to(port) as connection:
        connection.write(data)
        head = (await connection.head()).decode().lower()
        return head.rstrip().split("\r\n"), await connection.rest()


@pytest.mark.parametrize("more", [(), ("host: test",), ("connection: keep-alive",)])
async def test_lines_come_until_the_connection_is_closed(port: int, more: tuple[str, ...]) -> None:
    data = request("/predict/batch", INSTANCES, "accept: application/x-ndjson", *more)
    head, body = await asked(port, data)

    assert head[0].endswith("200 ok")
    assert "transfer-encoding: chunked" not in head
    lines = [json.loads(line) for line in body.splitlines()]
    assert sorted(line["row"] for line in lines) == [0, 1, 2]


async def test_what_has_a_length_tells_it(port: int, row: bytes) -> None:
    head, body = await asked(port, request("/predict", row))

    assert f"content-length: {len(body)}" in head
    assert "outputs" in json.loads(body)


async def test_an_error_comes_as_to_any_other(port: int) -> None:
    head, body = await asked(port, request("/predict", b"{"))

    assert " 400 " in head[0]
    assert json.loads(body)["error"]["code"] == "malformed_json"
