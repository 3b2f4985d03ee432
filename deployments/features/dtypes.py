"""Feast's types, and what carries each of them here."""

from deployments.dtypes import DType, type_of
from deployments.features.plan import ServiceError
from deployments.features.store.feast import (
    Array,
    Bool,
    Bytes,
    Decimal,
    FeastType,
    Field,
    Float32,
    Float64,
    ImageBytes,
    Int32,
    Int64,
    Json,
    Map,
    PdfBytes,
    ScalarMap,
    Set,
    String,
    Struct,
    TimeUuid,
    UnixTimestamp,
    Uuid,
    ZonedTimestamp,
)

_SCALARS: dict[FeastType, str] = {
    String: "string",
    Int32: "int64",
    Int64: "int64",
    Float32: "float64",
    Float64: "float64",
    Bool: "bool",
    UnixTimestamp: "timestamp",
    ZonedTimestamp: "zoned_timestamp",
    Bytes: "bytes",
    PdfBytes: "bytes",
    ImageBytes: "bytes",
    Uuid: "uuid",
    TimeUuid: "uuid",
    Decimal: "decimal",
    Json: "json",
    Map: "map",
    ScalarMap: "scalar_map",
}
# The protobuf field of an entity key's value; Feast hashes it with the key.
_KEY_FIELDS: dict[FeastType, str] = {
    String: "string_val",
    Int32: "int32_val",
    Int64: "int64_val",
    UnixTimestamp: "unix_timestamp_val",
    Bytes: "bytes_val",
    PdfBytes: "bytes_val",
    ImageBytes: "bytes_val",
}


def dtype_of(field: Field, name: str) -> DType:
    """The dtype of a field, by its Feast type and, of an array, its ``vector_length``. Raises
    ServiceError, with ``name``, for one that no column can carry."""
    try:
        text = _text(field.dtype)
        if field.vector_length and type_of(text).is_list and isinstance(field.dtype, Array):
            text = f"array<{_element(field.dtype.base_type)}, {field.vector_length}>"
        return str(type_of(text))
    except (KeyError, ValueError) as error:
        reason = "which nests too deep, or has a field name with one of <>,:"
        if isinstance(error, KeyError):
            reason = "which Feast itself does not store"
        raise ServiceError(f"{name!r} has the type {field.dtype}, {reason}") from error


def key_field_of(field: Field, name: str) -> str:
    """The protobuf field that carries an entity key. Raises ServiceError."""
    found = _KEY_FIELDS.get(field.dtype)
    if found is None:
        raise ServiceError(
            f"entity key {name!r} has the type {field.dtype}, of which Feast takes no keys: "
            f"use one of {', '.join(map(str, _KEY_FIELDS))}"
        )
    return found


def _text(dtype: FeastType) -> str:
    if isinstance(dtype, Array):
        return f"array<{_element(dtype.base_type)}>"
    if isinstance(dtype, Set):
        return f"set<{_element(dtype.base_type)}>"
    if isinstance(dtype, Struct):
        return f"struct<{', '.join(f'{name}: {_text(one)}' for name, one in dtype.fields.items())}>"
    return _SCALARS[dtype]


def _element(dtype: FeastType) -> str:
    return "float32" if dtype == Float32 else _text(dtype)
