"""Compressed bodies (RFC 9110, content codings): gzip, and deflate, which is the format of zlib."""

import asyncio
import gzip
import zlib
from collections.abc import Callable

from app.edge.errors import body_too_large
from app.serving.errors import ErrorCode, InvalidRequest

_WINDOW = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
_PLAIN = (b"", b"identity")
_FAST = 1  # more would take longer than most networks
_SHOWN = 100
_INLINE_BYTES = 2**15  # changing more would hold up the event loop


async def unpacked(body: bytes, content_encoding: bytes, limit: int) -> bytes:
    """A body without its Content-Encoding, which names one coding at most. Raises InvalidRequest as
    ``inflated`` does."""
    codings = [one.strip().lower() for one in content_encoding.split(b",")]
    coding = b", ".join(one for one in codings if one not in _PLAIN)
    return await _aside(inflated, body, coding, limit) if coding else body


async def packed(body: bytes, accept_encoding: bytes) -> tuple[bytes, bytes | None]:
    """A body as an Accept-Encoding has it, and its coding, None where it stays plain."""
    coding = accepted(accept_encoding)
    return (body, None) if coding is None else (await _aside(deflated, body, coding), coding)


def inflated(body: bytes, coding: bytes, limit: int) -> bytes:
    """A body without this coding. Raises InvalidRequest for one that is not known here, for what is
    not so coded, and as soon as it grows over ``limit`` bytes."""
    if coding not in _WINDOW:
        raise InvalidRequest(
            ErrorCode.UNSUPPORTED_ENCODING,
            f"the body is encoded by {coding[:_SHOWN].decode('latin-1')!r}: it must be by gzip, by "
            "deflate or not at all",
            "content-encoding",
        )
    one = zlib.decompressobj(_WINDOW[coding])
    try:
        plain = one.decompress(body, limit + 1)
    except zlib.error:
        raise _broken(coding) from None
    if len(plain) > limit:
        raise body_too_large(limit)
    # One member: an answer to a body of a million empty ones would take minutes.
    if not one.eof or one.unused_data:
        raise _broken(coding)
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


async def _aside(change: Callable[..., bytes], body: bytes, *how: object) -> bytes:
    if len(body) <= _INLINE_BYTES:
        return change(body, *how)
    return await asyncio.to_thread(change, body, *how)


def _broken(encoding: bytes) -> InvalidRequest:
    return InvalidRequest(
        ErrorCode.MALFORMED_BODY, f"the body is not whole and encoded by {encoding.decode()}"
    )
