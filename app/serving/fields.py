"""The fields of a request: what each may hold, in words, and as a type that msgspec checks."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from deployments.bundle.manifest import FieldSpec

MAX_STRING = 256
"""Longest string field, in characters: keys are short, and a frame has a size limit."""

_INT64 = (-(2**63), 2**63 - 1)
# A batch is as good as its worst row, so no row may hold what a later stage cannot: integers
# travel as float64, except for keys, and pandas' instants end in 2262.
_CARRIED = {
    "int64": (-(2.0**53), 2.0**53),
    "timestamp": (
        datetime(1700, 1, 1, tzinfo=UTC).timestamp(),
        datetime(2262, 1, 1, tzinfo=UTC).timestamp(),
    ),
}
_KINDS = {
    "int64": "an integer",
    "float64": "a number",
    "bool": "true or false",
    "timestamp": "an RFC 3339 instant with a UTC offset",
}


def bounded(field: FieldSpec, *, key: bool) -> FieldSpec:
    """The field with a range that its column can carry, narrower where the bundle says so."""
    if key or field.dtype not in _CARRIED:
        return field
    low, high = _CARRIED[field.dtype]
    return field.model_copy(
        update={
            "minimum": low if field.minimum is None else max(low, field.minimum),
            "maximum": high if field.maximum is None else min(high, field.maximum),
        }
    )


def allowed(field: FieldSpec) -> str:
    """What a field may hold, in words."""
    if field.dtype == "string":
        return f"a string of 1 to {MAX_STRING} characters"
    kind = _KINDS[field.dtype]
    minimum, maximum = _bound(field, field.minimum), _bound(field, field.maximum)
    match minimum, maximum:
        case str(), str():
            return f"{kind} from {minimum} to {maximum}"
        case str(), None:
            return f"{kind}, at least {minimum}"
        case None, str():
            return f"{kind}, at most {maximum}"
        case _:
            return kind


def annotation(field: FieldSpec) -> Any:
    """The field's type for msgspec, which cannot bound a timestamp."""
    note: dict[str, Any] = {
        "description": f"{field.description} Must be {allowed(field)}.".strip(),
        "examples": [field.example],
    }
    match field.dtype:
        case "string":
            return Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_STRING, **note)]
        case "bool":
            return Annotated[bool, msgspec.Meta(**note)]
        case "timestamp":
            return Annotated[datetime, msgspec.Meta(tz=True, **note)]
        case "int64":
            low, high = _INT64
            if field.minimum is not None:
                low = max(low, math.ceil(field.minimum))
            if field.maximum is not None:
                high = min(high, math.floor(field.maximum))
            return Annotated[int, msgspec.Meta(ge=low, le=high, **note)]
        case "float64":
            bounds = {"ge": field.minimum, "le": field.maximum}
            note |= {key: value for key, value in bounds.items() if value is not None}
            return Annotated[float, msgspec.Meta(**note)]


def _bound(field: FieldSpec, bound: float | None) -> str | None:
    if bound is None:
        return None
    if field.dtype == "timestamp":
        return datetime.fromtimestamp(bound, UTC).isoformat().replace("+00:00", "Z")
    return repr(bound).removesuffix(".0")
