"""The fields of a request as types that msgspec checks. What it cannot check, ``cells`` does."""

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
import numpy as np

from app.serving.domain import Bound, Domain
from app.serving.words import allowed
from deployments.bundle.manifest import FieldSpec

_INT64 = (-(2**63), 2**63 - 1)
_FLOAT32 = float(np.finfo(np.float32).max)
# Generators of clients refuse an array of which nothing is said.
_ANY_LIST = Annotated[list[Any], msgspec.Meta(extra_json_schema={"items": {}})]
_TYPES: Mapping[str, Any] = {
    "bool": bool,
    "string": str,
    "bytes": bytes,
    "uuid": UUID,
    "decimal": Decimal,
    "timestamp": Annotated[datetime, msgspec.Meta(tz=True)],
    "zoned_timestamp": str,
    # Of null no column could tell that it is there.
    "json": bool | int | float | str | _ANY_LIST | dict[str, Any],
    "map": dict[str, Any],
    "scalar_map": dict[str, Any],
}


def annotation(field: FieldSpec) -> Any:
    """The type of a field's values, None among them where it is optional."""
    note = msgspec.Meta(
        description=f"{field.description} Must be {allowed(field)}.".strip(),
        examples=[field.example],
    )
    one = _typed(Domain.of(field), f"PredictRequest.{field.name}")
    return Annotated[one | None if field.optional else one, note]


def struct_type(name: str, members: Mapping[str, Any], optional: set[str]) -> type[msgspec.Struct]:
    """A struct of members of any names; those that are ``optional`` may be left out."""
    fields = {f"f{place}": member for place, member in enumerate(members)}
    return msgspec.defstruct(
        name,
        [
            (field, members[member], None) if member in optional else (field, members[member])
            for field, member in fields.items()
        ],
        rename=fields,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def limits(domain: Domain) -> tuple[Bound, Bound]:
    """The range of a number that its column holds as it is, None where it has no end."""
    low, high = domain.minimum, domain.maximum
    if domain.kind.kind == "int64":
        least, most = _INT64
        low = least if low is None else max(least, math.ceil(low))
        high = most if high is None else min(most, math.floor(high))
    elif domain.kind.kind == "float32":
        low = -_FLOAT32 if low is None else low
        high = _FLOAT32 if high is None else high
    return low, high


def _typed(domain: Domain, name: str) -> Any:
    """The type of a domain's values; ``name`` is what the document calls a struct of it."""
    kind = domain.kind
    low, high = limits(domain)
    length = msgspec.Meta(min_length=kind.length, max_length=kind.length or domain.max_length)
    match kind.kind:
        case "array" | "set":
            return Annotated[list[_typed(domain.item, name)], length]  # type: ignore[misc]
        case "struct":
            members = {
                member: _typed(one, f"{name}.{member}") | None
                for member, one in domain.members.items()
            }
            return struct_type(name, members, set(members))
        case "string" | "bytes":
            return Annotated[_TYPES[kind.kind], length]
        case "int64":
            return Annotated[int, msgspec.Meta(ge=low, le=high)]
        case "float64" | "float32":
            return Annotated[float, msgspec.Meta(ge=low, le=high)]
    return _TYPES[kind.kind]
