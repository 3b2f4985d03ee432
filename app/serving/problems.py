"""What is wrong with JSON, from msgspec's words to the client's."""

import re
from collections.abc import Mapping

import msgspec

from app.serving.cells import Unfit
from app.serving.errors import ErrorCode, InvalidRequest
from app.serving.pieces import first_fault, members

_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(
    r"Object (?P<kind>missing required|contains unknown) field `(?P<field>.*)`", re.DOTALL
)
_SHOWN = 100


def invalid(error: Exception, allowed: Mapping[str, str], text: bytes = b"") -> InvalidRequest:
    """What was wrong with an object of these fields: what one of UNREADABLE says of ``text``."""
    if not isinstance(error, msgspec.ValidationError):
        return _broken_member(text, allowed) or _malformed(error)
    what, path = problem(error)
    named = _NAMED.fullmatch(what)
    if named and named["kind"] == "contains unknown":
        return unknown(named["field"], allowed)
    if named:
        return missing(named["field"], allowed)
    if path in allowed:
        return wrong(path, allowed, what)
    return InvalidRequest(ErrorCode.INVALID_FIELD, f"the body: {what}", path or None)


def invalid_row(error: Exception, allowed: Mapping[str, str], text: bytes) -> InvalidRequest:
    """The same of a row, whose fields may be lists and objects."""
    if isinstance(error, msgspec.ValidationError):
        what, path = problem(error)
        if (field := _field_at(path, allowed)) is not None:
            return wrong(field, allowed, what, path.removeprefix(field))
    return invalid(error, allowed, text)


def problem(error: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec says is wrong, and where: a path of names and places."""
    parts = _PROBLEM.fullmatch(str(error))
    assert parts is not None
    return parts["what"], (parts["path"] or "").removeprefix(".")


def unknown(field: str, allowed: Mapping[str, str]) -> InvalidRequest:
    """A field that there is not."""
    field = field[:_SHOWN]
    message = f"unknown field {field!r}: allowed are {', '.join(allowed)}"
    return InvalidRequest(ErrorCode.UNKNOWN_FIELD, message, field)


def missing(field: str, allowed: Mapping[str, str]) -> InvalidRequest:
    """A field that must be there."""
    message = f"{field} is missing: it must be {allowed[field]}"
    return InvalidRequest(ErrorCode.MISSING_FIELD, message, field)


def wrong(
    field: str, allowed: Mapping[str, str], what: str, where: str = "", row: int | None = None
) -> InvalidRequest:
    """A field whose value it cannot have, by what msgspec says, and at which path inside of it."""
    beyond = "= " in what or "out of range" in what
    code = ErrorCode.OUT_OF_RANGE if beyond else ErrorCode.INVALID_FIELD
    told = f"{field} must be {allowed[field]}: {what}"
    if where:
        told += f" at {field}{where[:_SHOWN]}"
    return InvalidRequest(code, told, field, row)


def unfit(
    field: str, allowed: Mapping[str, str], error: Unfit, row: int | None = None
) -> InvalidRequest:
    """A field whose value it cannot have, by what is checked behind msgspec."""
    code = ErrorCode.OUT_OF_RANGE if error.beyond else ErrorCode.INVALID_FIELD
    told = f"{field} must be {allowed[field]}"
    return InvalidRequest(code, f"{told}: {error.what}" if error.what else told, field, row)


def _field_at(path: str, allowed: Mapping[str, str]) -> str | None:
    """The field that a path is of, or leads into; names may have dots and brackets themselves."""
    around = [one for one in allowed if f"{path}.".startswith((f"{one}.", f"{one}["))]
    return max(around, key=len, default=None)


def _broken_member(text: bytes, allowed: Mapping[str, str]) -> InvalidRequest | None:
    """The field whose value is not JSON, where the object around it is."""
    try:
        named = members(text)
    except ValueError:
        return None
    found = first_fault(named.values())
    if found is None:
        return None
    place, why = found
    field = list(named)[place]
    told = f"{field} must be {allowed[field]}" if field in allowed else field[:_SHOWN]
    return InvalidRequest(ErrorCode.MALFORMED_JSON, f"{told}: {why}", field[:_SHOWN])


def _malformed(error: Exception) -> InvalidRequest:
    match error:
        case RecursionError():
            why = "it is nested too deeply"
        case UnicodeDecodeError():
            why = "it is not UTF-8"
        case _:
            why = str(error)
    return InvalidRequest(ErrorCode.MALFORMED_JSON, f"the body is not valid JSON: {why}")
