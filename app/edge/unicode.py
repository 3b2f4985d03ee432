"""JSON as some programs write it: behind a byte-order mark, or in another encoding than UTF-8."""

import codecs

from app.serving.errors import ErrorCode, InvalidRequest

_OTHERS = {  # the longer ones first: some begin with others
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    **dict.fromkeys((b"\0\0\0{", b"\0\0\0[", b"{\0\0\0", b"[\0\0\0"), "UTF-32"),
    **dict.fromkeys((b"\0{", b"\0[", b"{\0", b"[\0"), "UTF-16"),
}
_BEGINNINGS = {mark[:2] for mark in (codecs.BOM_UTF8, *_OTHERS)}


def unmarked(data: bytes) -> bytes:
    """JSON in UTF-8 without a byte-order mark, the same object where it has none. Raises
    InvalidRequest for UTF-16 and UTF-32, by their names."""
    if data[:2] not in _BEGINNINGS:
        return data
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    for mark, name in _OTHERS.items():
        if data.startswith(mark):
            raise InvalidRequest(
                ErrorCode.MALFORMED_JSON, f"this is {name}: JSON must be encoded in UTF-8"
            )
    return data
