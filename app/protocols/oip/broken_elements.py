"""Finds the tensor and the row at fault where a request is not JSON because of one element."""

import msgspec

from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.pieces import UNREADABLE, elements, fault, first_fault, members

_SHOWN = 100


def broken_element(head: bytes) -> InvalidRequest | None:
    """The refusal of the first input with an element that is not JSON, if that is what is wrong."""
    try:
        for tensor in elements(members(head)["inputs"]):
            named = members(tensor)
            data = named.get("data", b"null")
            if fault(data) and (broken := broken_row(data)):
                row, why = broken
                name = msgspec.json.decode(named["name"], type=str)[:_SHOWN]
                return InvalidRequest(ErrorCode.MALFORMED_JSON, f"{name}: {why}", name, row)
    except (ValueError, KeyError, *UNREADABLE):
        return None
    return None


def broken_row(data: bytes) -> tuple[int, str] | None:
    """The first row of a tensor's data that is not JSON, and why it is not."""
    try:
        return first_fault(elements(data))
    except ValueError:
        return None
