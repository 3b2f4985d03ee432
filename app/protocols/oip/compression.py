"""Compressed bodies (RFC 9110, content codings): gzip, and deflate, which is the format of zlib."""

import gzip
import zlib

from app.edge.http import too_large
from app.serving.errors import ErrorCode, InvalidRequest

_WINDOW = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
PLAIN = (b"", b"identity")
"""The Content-Encoding of a body that is as it is."""
_FAST = 1  # more would take longer than most networks


def inflated(body: bytes, encoding: bytes, limit: int) -> bytes:
    """A body without its Content-Encoding. Raises InvalidRequest for an encoding that is not known
    here, for what is not so encoded, and as soon as it grows over ``limit`` bytes."""
    if encoding not in _WINDOW:
        raise InvalidRequest(
            ErrorCode.UNSUPPORTED_ENCODING,
            "the body must be encoded by gzip, deflate or not at all",
            "content-encoding",
        )
    one = zlib.decompressobj(_WINDOW[encoding])
    try:
        plain = one.decompress(body, limit + 1)
    except zlib.error:
        raise _broken(encoding) from None
    if len(plain) > limit:
        raise too_large(limit)
    # One member: an answer to a body of a million empty ones would take minutes.
    if not one.eof or one.unused_data:
        raise _broken(encoding)
    return plain


def accepted(header: bytes) -> bytes | None:
    """The encoding to answer in by an Accept-Encoding, None for a plain answer."""
    offered = set()
    for part in header.lower().split(b","):
        name, _, weight = part.partition(b";")
        if weight.replace(b" ", b"").rstrip(b"0.") != b"q=":
            offered.add(name.strip())
    return next((encoding for encoding in (b"gzip", b"deflate") if encoding in offered), None)


def deflated(body: bytes, encoding: bytes) -> bytes:
    """A body in this encoding, one that ``accepted`` gave."""
    if encoding == b"gzip":
        return gzip.compress(body, _FAST, mtime=0)
    return zlib.compress(body, _FAST)


def _broken(encoding: bytes) -> InvalidRequest:
    return InvalidRequest(
        ErrorCode.MALFORMED_BODY, f"the body is not whole and encoded by {encoding.decode()}"
    )
