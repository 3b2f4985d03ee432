"""HTTP/2 frame by frame (RFC 9113), where a test says what no client library would."""

from collections.abc import Iterable

_END_STREAM, _END_HEADERS = 0x1, 0x4
_DATA, _HEADERS, _SETTINGS = 0x0, 0x1, 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


def request(headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> bytes:
    """A connection's first bytes, with one request on it."""
    packed = b"".join(b"\x00" + _string(name) + _string(value) for name, value in headers)
    flags = _END_HEADERS | (0 if body else _END_STREAM)
    sent = [PREFACE, frame(_SETTINGS, 0, 0), frame(_HEADERS, flags, 1, packed)]
    return b"".join([*sent, frame(_DATA, _END_STREAM, 1, body) if body else b""])


def _string(text: bytes) -> bytes:
    """As HPACK has it (RFC 7541, 5.2), without Huffman's code."""
    size = len(text)
    if size < 0x7F:
        return bytes([size]) + text
    rest, more = size - 0x7F, [0x7F]
    while rest >= 0x80:
        more.append(rest % 0x80 + 0x80)
        rest //= 0x80
    return bytes([*more, rest]) + text
