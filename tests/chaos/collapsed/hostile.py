"""Hostile requests as bytes: sound ones that were damaged, and ones that were wrong by design."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

Row = dict[str, Any]

_TARGETS = (
    *("/predict", "/predict/batch", "/predict?values=true", "/predict?values=%ff%00"),
    *("/", "/health", "/models", "/openapi.json", "/docs", "//predict", "/predict/", "*"),
    *("/docs/assets/../../../etc/passwd", "/docs/assets/%2e%2e/%2e%2e/x", "/docs/assets/%00"),
    *("/%ff%fe", "/nowhere?" + "a=b&" * 500, "/" + "x" * 9000, "http://other/predict"),
    *("/-/healthz", "/-/routes", "/predict#fragment", "/health/ready?%"),
)
_METHODS = ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "PRI", "post", "X" * 300)
_HEADERS = (
    *("x-request-timeout-ms: 0", "x-request-timeout-ms: -1", "x-request-timeout-ms: 1e3"),
    *("x-request-timeout-ms: " + "9" * 5000, "x-request-timeout-ms: \xb2", "server-timing: ?1"),
    *("x-request-timeout-seconds: 0.0001", "x-request-disconnect-disabled: ?1"),
    *("x-request-id: \x01", "x-request-id: " + "i" * 4000, "x-request-id: \xff"),
    *("content-type: text/html", "content-type: \x00", "content-encoding: gzip", "accept: \xff"),
    *("transfer-encoding: chunked", "transfer-encoding: gzip, chunked", "content-length: 5"),
    *("content-length: -1", "content-length: 99999999999999999999", "content-length: 0x10"),
    *("expect: 100-continue", "upgrade: websocket\r\nconnection: upgrade", "upgrade: h2c"),
    *("connection: close", "connection: keep-alive, \xff", "host: \x00", "host: a\r\nhost: b"),
    *("traceparent: 00-" + "f" * 32, "serve_multiplexed_model_id: " + "m" * 999, "range: bytes=0-"),
    *("x: y\r\n folded: z", "no colon at all", ": no name", "\r\n".join(["x-many: y"] * 150)),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 2**63, 2**200, 1e308, "", "\x00", "\ud800", "ü" * 256, "x" * 257, "x" * 9999),
    *([], {}, [[]], {"a": {"b": []}}, "null", "0001-01-01T00:00:00+23:59", "2013-02-30T00:00:00Z"),
    *("9999-12-31T23:59:59.999999999Z", "2013-12-03T10:15:00", "2016-12-31T23:59:60Z", "now"),
    *("1970-01-01T00:00:00+99:99", "2013-12-03T10:15:00-05:00\n", "'; DROP TABLE x; --"),
)
_TEXTS = (
    *(b"", b"null", b"{", b"[]", b'"', b"{}", b"NaN", b"[" * 20_000, b'{"a":' * 5000, b"\xff\xfe"),
    *(b'{"carrier": NaN}', b'{"carrier": 1e999}', b'{"carrier": ' + b"9" * 5000 + b"}", b"\x00"),
    *(b'{"instances": []}', b'{"instances": null}', b'{"instances": [1, null, {}]}', b"0" * 70_000),
    *(b'{"instances": [{}, {}], "instances": 1}', b'{"instances": [' + b"{}," * 2000 + b"{}]}"),
    *(b'{"carrier": "\\ud800"}', b'{"carrier": "\xc3\x28"}', b"\xef\xbb\xbf{}", b'{"\\u0000": 1}'),
)


def hostile(random: Random, rows: list[Row]) -> bytes:
    """One of them, made from sound ``rows``."""
    make = random.choice(_MAKERS)
    return make(random, random.choice(rows))


def request(
    body: bytes = b"", method: str = "POST", target: str = "/predict", *headers: str
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "host: test", *headers]
    if not any(header.startswith(("content-length", "transfer-encoding")) for header in headers):
        lines.append(f"content-length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def _wrong_value(random: Random, row: Row) -> bytes:
    changed = dict(row)
    for _ in range(random.randint(1, 2)):
        changed[random.choice(list(row))] = random.choice(_VALUES)
    return request(_json(changed))


def _wrong_keys(random: Random, row: Row) -> bytes:
    changed = dict(row)
    del changed[random.choice(list(row))]
    changed[str(random.choice(_VALUES))] = random.choice(_VALUES)
    return request(_json(random.choice([changed, [changed], {"row": changed}])))


def _wrong_batch(random: Random, row: Row) -> bytes:
    wrong = random.choice([{**row, "carrier": random.choice(_VALUES)}, random.choice(_VALUES)])
    rows = [row] * random.randint(0, 5)
    rows.insert(random.randint(0, len(rows)), wrong)
    return request(_json({"instances": rows}), "POST", "/predict/batch")


def _wrong_text(random: Random, _: Row) -> bytes:
    target = random.choice(("/predict", "/predict/batch"))
    return request(random.choice(_TEXTS), "POST", target)


def _damaged_json(random: Random, row: Row) -> bytes:
    return request(_damaged(random, _json(row)))


def _wrong_target(random: Random, row: Row) -> bytes:
    return request(_json(row), random.choice(("POST", "GET")), random.choice(_TARGETS))


def _wrong_method(random: Random, row: Row) -> bytes:
    return request(_json(row), random.choice(_METHODS), random.choice(_TARGETS[:7]))


def _wrong_headers(random: Random, row: Row) -> bytes:
    headers = random.sample(_HEADERS, random.randint(1, 2))
    return request(_json(row), "POST", "/predict", *headers)


def _chunks(random: Random, row: Row) -> bytes:
    body = _json(row)
    cut = random.randrange(len(body))
    size = random.choice([len(body) - cut, 2**40, -1])
    text = b"%x\r\n%b\r\n%x;ext=\xff\r\n%b\r\n0\r\n\r\n" % (cut or 1, body[:cut], size, body[cut:])
    return request(text, "POST", "/predict", "transfer-encoding: chunked")


def _two_at_once(random: Random, row: Row) -> bytes:
    return request(_json(row)) + random.choice((_wrong_value, _wrong_headers))(random, row)


def _damaged_request(random: Random, row: Row) -> bytes:
    return _damaged(random, request(_json(row)))


def _noise(random: Random, _: Row) -> bytes:
    return random.randbytes(random.randint(1, 2000))


def _damaged(random: Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(damaged))
        match random.randrange(3):
            case 0:
                damaged[place] = random.randrange(256)
            case 1:
                damaged[place:place] = random.randbytes(random.randint(1, 8))
            case _ if len(damaged) > 20:
                del damaged[place : place + random.randint(1, 8)]
    return bytes(damaged)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


_MAKERS: tuple[Callable[[Random, Row], bytes], ...] = (
    *(_wrong_value, _wrong_keys, _wrong_batch, _wrong_text, _damaged_json, _wrong_target),
    *(_wrong_method, _wrong_headers, _chunks, _two_at_once, _damaged_request, _noise),
)
