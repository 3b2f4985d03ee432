"""The fields of a request as a contract describes them, checked against the feature service."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from deployments.bundle.manifest import FieldSpec
from deployments.bundle.schema import ServiceSchema
from deployments.dtypes import DType, Type, type_of

Document = Mapping[str, Any]
"""A FieldSpec as JSON or YAML would hold it; bounds of a timestamp may be ISO 8601."""

_INSTANTS = ("timestamp", "zoned_timestamp")
_BOUNDED = ("int64", "float64", "float32", "decimal", *_INSTANTS)
_SIZED = ("string", "bytes", "array", "set")


def entity_fields(schema: ServiceSchema, documents: Sequence[Document]) -> list[FieldSpec]:
    """The entity keys, all of them and no others. Raises ValueError."""
    described = _names(documents)
    if described != schema.entities.keys():
        raise ValueError(
            f"the feature service's entity keys are {sorted(schema.entities)}, "
            f"described are {sorted(described)}"
        )
    optional = [document["name"] for document in documents if document.get("optional")]
    if optional:
        raise ValueError(f"{optional} cannot be optional: entity keys are never missing")
    return [_field(document, schema.entities) for document in documents]


def request_fields(
    schema: ServiceSchema, documents: Sequence[Document], gappy: Collection[str] = ()
) -> list[FieldSpec]:
    """The request features: those that the feature service takes, and any that only the
    preprocessing reads, which must say their dtype. Those of ``gappy``, which training knows to
    be missing at times, are optional where their document does not say. Raises ValueError."""
    described = _names(documents)
    missing = schema.request.keys() - described
    if missing:
        raise ValueError(f"the feature service also takes the request features {sorted(missing)}")
    taken = described & schema.entities.keys()
    if taken:
        raise ValueError(f"{sorted(taken)} are entity keys: do not describe them twice")
    looked_up = described & schema.columns.keys()
    if looked_up:
        raise ValueError(
            f"{sorted(looked_up)} are features, which are looked up: a request cannot give them"
        )
    return [
        _field({"optional": document["name"] in gappy, **document}, schema.request)
        for document in documents
    ]


def _names(documents: Sequence[Document]) -> set[str]:
    names = [document["name"] for document in documents]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{sorted(twice)} are described twice")
    return set(names)


def _field(document: Document, dtypes: Mapping[str, DType]) -> FieldSpec:
    name = document["name"]
    theirs = dtypes.get(name)
    dtype = document.get("dtype", theirs)
    if dtype is None:
        raise ValueError(
            f"the feature service takes no field {name!r}: give its dtype if preprocessing reads it"
        )
    kind = type_of(dtype)
    if theirs is not None and not _narrows(kind, type_of(theirs)):
        raise ValueError(f"{name!r} is {theirs} in the feature service, not {dtype}")
    if document.get("max_length") is not None and (kind.kind not in _SIZED or kind.length):
        raise ValueError(f"the max_length of {name!r} means nothing: {dtype} has none")
    limits = {
        bound: _limit(f"the {bound} of {name!r}", document[bound], dtype)
        for bound in ("minimum", "maximum")
        if bound in document
    }
    if len(limits) == 2 and limits["minimum"] > limits["maximum"]:
        raise ValueError(f"the minimum of {name!r} is above its maximum")
    return FieldSpec.model_validate({**document, "dtype": dtype, **limits})


def _narrows(kind: Type, wide: Type) -> bool:
    """Whether it is the same type, or one of arrays whose length the other leaves open."""
    if kind.item is None or wide.item is None:
        return kind == wide
    return (
        kind.kind == wide.kind
        and wide.length in (None, kind.length)
        and _narrows(kind.item, wide.item)
    )


def _limit(what: str, bound: float | str, dtype: DType) -> float:
    """A bound in the unit of its field. Raises ValueError where no value could be held to it."""
    kind = type_of(dtype).innermost.kind
    if kind not in _BOUNDED:
        raise ValueError(f"{what} means nothing: a {dtype} has none")
    if not isinstance(bound, str):
        if not isfinite(bound):
            raise ValueError(f"{what} is {bound}: leave it out where there is none")
        return bound
    if kind not in _INSTANTS:
        raise ValueError(f"{what} is {bound!r}, not a number")
    try:
        return instant(bound)
    except ValueError as error:
        raise ValueError(f"{what} is no instant: {error}") from error


def instant(text: str) -> float:
    """Epoch seconds of an ISO 8601 instant with an offset. Raises ValueError without one."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return at.timestamp()
