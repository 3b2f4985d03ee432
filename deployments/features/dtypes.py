"""Feast's types, and what carries each of them here."""

from deployments.dtypes import DType
from deployments.features.plan import ServiceError
from deployments.features.store.feast import (
    Bool,
    FeastType,
    Float32,
    Float64,
    Int32,
    Int64,
    String,
    UnixTimestamp,
)

_DTYPES: dict[FeastType, DType] = {
    String: "string",
    Int32: "int64",
    Int64: "int64",
    Float32: "float64",
    Float64: "float64",
    Bool: "bool",
    UnixTimestamp: "timestamp",
}
# The protobuf field of an entity key's value; Feast hashes it with the key.
_KEY_FIELDS: dict[FeastType, str] = {
    String: "string_val",
    Int32: "int32_val",
    Int64: "int64_val",
}


def is_carried(dtype: FeastType) -> bool:
    """Whether a column can hold it."""
    return dtype in _DTYPES


def dtype_of(dtype: FeastType, name: str) -> DType:
    """The frame dtype of a Feast type. Raises ServiceError for one that no column can carry."""
    found = _DTYPES.get(dtype)
    if found is None:
        raise ServiceError(
            f"{name!r} has the type {dtype}, which cannot be served: "
            f"use one of {', '.join(str(known) for known in _DTYPES)}"
        )
    return found


def key_field_of(dtype: FeastType, name: str) -> str:
    """The protobuf field that carries an entity key. Raises ServiceError."""
    found = _KEY_FIELDS.get(dtype)
    if found is None:
        raise ServiceError(f"entity key {name!r} has the type {dtype}: use String, Int32 or Int64")
    return found
