"""The fields of a request as a contract describes them, checked against the feature service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from deployments.bundle.manifest import FieldSpec
from deployments.bundle.schema import ServiceSchema
from deployments.dtypes import DType

Document = Mapping[str, Any]
"""A FieldSpec as JSON or YAML would hold it; bounds of a timestamp may be ISO 8601."""

_BOUNDED = ("int64", "float64", "timestamp")


def entity_fields(schema: ServiceSchema, documents: Sequence[Document]) -> list[FieldSpec]:
    """The entity keys, all of them and no others. Raises ValueError."""
    described = _names(documents)
    if described != schema.entities.keys():
        raise ValueError(
            f"the feature service's entity keys are {sorted(schema.entities)}, "
            f"described are {sorted(described)}"
        )
    return [_field(document, schema.entities) for document in documents]


def request_fields(schema: ServiceSchema, documents: Sequence[Document]) -> list[FieldSpec]:
    """The request features: those that the feature service takes, and any that only the
    preprocessing reads, which must say their dtype. Raises ValueError."""
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
    return [_field(document, schema.request) for document in documents]


def _names(documents: Sequence[Document]) -> set[str]:
    names = [document["name"] for document in documents]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{sorted(twice)} are described twice")
    return set(names)


def _field(document: Document, dtypes: Mapping[str, DType]) -> FieldSpec:
    name = document["name"]
    dtype = dtypes.get(name, document.get("dtype"))
    if dtype is None:
        raise ValueError(
            f"the feature service takes no field {name!r}: give its dtype if preprocessing reads it"
        )
    if document.get("dtype", dtype) != dtype:
        raise ValueError(f"{name!r} is {dtype} in the feature service, not {document['dtype']}")
    limits = {
        bound: _limit(f"the {bound} of {name!r}", document[bound], dtype)
        for bound in ("minimum", "maximum")
        if bound in document
    }
    return FieldSpec.model_validate({**document, "dtype": dtype, **limits})


def _limit(what: str, bound: float | str, dtype: DType) -> float:
    """A bound in the unit of its field. Raises ValueError where no value could be held to it."""
    if dtype not in _BOUNDED:
        raise ValueError(f"{what} means nothing: a {dtype} has none")
    if not isinstance(bound, str):
        if not isfinite(bound):
            raise ValueError(f"{what} is {bound}: leave it out where there is none")
        return bound
    if dtype != "timestamp":
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
